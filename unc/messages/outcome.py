"""What the notifier's log says has become of a message, as `unc send` and `unc up` show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from unc.aws.logs import Line, parse_entry
from unc.messages.post_code import NO_SECRET, SECRET_REFUSED, find_code, is_accepted

_NEWER = "message covered by a newer one"


@dataclass(frozen=True)
class Outcome:
    """How far a message has come where it is not simply notified.

    `word` fits into a column. `is_over`: nothing more happens that would be worth waiting for.
    `is_failure`: somebody has to act. `until`: when something happens next, in epoch seconds.
    """

    word: str
    reason: str = ""
    is_over: bool = False
    is_failure: bool = False
    is_unknown: bool = False
    until: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


_SETTLED = {
    "message opted out": Outcome("opted out", is_over=True),
    "message deleted before it was notified": Outcome("deleted", is_over=True, is_failure=True),
}


class OutcomeLog:
    """Keeps the newest outcome of each message, by what the log says."""

    def __init__(self, read: Callable[[], list[Line]]) -> None:
        self._read = read
        self._outcomes: dict[str, Outcome] = {}
        self._codes: dict[str, str] = {}
        self._newer: dict[str, str] = {}

    def look(self) -> None:
        """Take in what is new in the log."""
        for line in self._read():
            if entry := parse_entry(line.text):
                self._note(entry)

    def of(self, message_id: str) -> Outcome | None:
        """Return a message's outcome, or that of the newer message which stands for it."""
        seen = {message_id}
        while (newer := self._newer.get(message_id)) and newer not in seen:
            message_id = newer
            seen.add(newer)
        return self._outcomes.get(message_id)

    def _note(self, entry: Mapping[str, Any]) -> None:
        id, event = str(entry.get("message_id")), str(entry.get("message"))
        if event == "post ended":
            self._codes[id] = str(entry.get("reason", ""))
        elif event == _NEWER:
            self._newer[id] = str(entry.get("newer_id"))
        elif event in ("message notified", "message covered"):
            self._outcomes.pop(id, None)
        elif (outcome := read_outcome(entry, self._codes.get(id, ""))) is not None:
            self._outcomes[id] = outcome


def read_outcome(entry: Mapping[str, Any], last_code: str = "") -> Outcome | None:
    """Read a log entry; None for an event that says nothing new of a message's outcome.

    `last_code`: how its last POST ended.
    """
    event, reason = str(entry.get("message")), str(entry.get("reason") or "")
    code = find_code(reason) or ("" if is_accepted(last_code) else last_code)
    if event in _SETTLED:
        return _SETTLED[event]
    if event == "notification dead-lettered":
        return Outcome(f"✗ {code or 'dead letter'}", reason, is_over=True, is_failure=True)
    if event == "reply outcome unknown":
        return Outcome("? unknown", code, is_over=True, is_failure=True, is_unknown=True)
    return _waiting(event, reason, code, _moment(entry.get("until")))


def _waiting(event: str, reason: str, code: str, until: float | None) -> Outcome | None:
    """Read an event after which something more is to come."""
    match event:
        case "notification scheduled for retry":
            # Nothing changes by itself where the secret is wrong.
            is_over = code in (SECRET_REFUSED, NO_SECRET)
            return Outcome(f"✗ {code or 'retry'}", reason, is_over, is_failure=True, until=until)
        case "reply outcome is looked up":
            return Outcome("? unknown", code, is_failure=True, is_unknown=True, until=until)
        case "message limited":
            name = "paused" if reason == "paused" else "limited"
            return Outcome(name, is_failure=True, until=until)
        case "message waits for its turn":
            return Outcome("waits", until=until)
    return None


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
