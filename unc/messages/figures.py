"""How POSTs ended in the last minutes, counted from the notifier's log.

No index leads to a limited session or an unknown outcome, and a table is never read through for a
figure. The log says it of each message when it happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from unc.aws.logs import parse_entry
from unc.aws.session import Aws
from unc.messages.post_code import find_code

MINUTES = 10
# Of 10,000 lines or 1 MB of log each.
_PAGES_READ = 10
_NEVER_RAN, _NOT_ALLOWED = "ResourceNotFoundException", "AccessDeniedException"
# Each event, and the figure that it counts for.
_FIGURES = {
    "message notified": "notified",
    "reply outcome is looked up": "unknown outcomes",
    "reply outcome unknown": "unknown outcomes",
    "message limited": "limited",
    "notification scheduled for retry": "to be tried again",
    "notification dead-lettered": "dead letters",
    "notification not handled, comes again": "not handled",
}
# The reason of a limit that `unc pause` has set, and its figure.
_PAUSED = "paused"


@dataclass(frozen=True)
class Figures:
    """Messages by what became of them, and codes of POSTs by how often they led to a failure.

    `is_partial`: the log has more than was read, so each count is the least. `is_readable`: the
    caller may read the log; else nothing is counted.
    """

    minutes: int
    counts: dict[str, int]
    codes: dict[str, int]
    is_partial: bool = False
    is_readable: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def read_figures(aws: Aws, function: str, now: float) -> Figures:
    """Count what the notifier has logged in the minutes before `now`, in epoch seconds.

    A function that never ran has no log.
    """
    request: Any = {
        "logGroupName": f"/aws/lambda/{function}",
        "startTime": int(1000 * (now - 60 * MINUTES)),
        "filterPattern": "{ " + " || ".join(f'($.message = "{e}")' for e in _FIGURES) + " }",
    }
    pages: Any = iter(aws.logs.get_paginator("filter_log_events").paginate(**request))
    try:
        read = list(islice(pages, _PAGES_READ))
        is_partial = next(pages, None) is not None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == _NOT_ALLOWED:
            return Figures(MINUTES, {}, {}, is_readable=False)
        if code != _NEVER_RAN:
            raise
        read, is_partial = [], False
    return _count(list(_entries(read)), is_partial)


def _entries(pages: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for page in pages:
        for event in page["events"]:
            entry = parse_entry(event.get("message", ""))
            if entry and entry.get("message") in _FIGURES:
                yield entry


def _count(entries: Sequence[dict[str, Any]], is_partial: bool) -> Figures:
    """Count each message once a figure, and each failure by its code."""
    named = {(_figure_of(entry), entry.get("message_id")) for entry in entries}
    counts = Counter(name for name, _ in named)
    codes = Counter(find_code(str(entry.get("reason"))) for entry in entries)
    del codes[""]
    in_order = {name: counts[name] for name in (*dict.fromkeys(_FIGURES.values()), _PAUSED)}
    return Figures(MINUTES, in_order, dict(codes.most_common()), is_partial)


def _figure_of(entry: dict[str, Any]) -> str:
    is_paused = entry["message"] == "message limited" and entry.get("reason") == _PAUSED
    return _PAUSED if is_paused else _FIGURES[entry["message"]]
