"""What the functions log, merged in time: one line an event, or the raw lines for a program."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.markup import escape

from unc.aws.session import Aws
from unc.terminal import clock, printable

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import FilteredLogEventTypeDef

_POLL_SECONDS = 1.0
# Ten years; a moment before the epoch is none to start from.
MOST_MINUTES = 10 * 366 * 24 * 60
# Events may become visible a little later than their timestamp says.
_OVERLAP_MS = 5_000
_STYLES = {"ERROR": "red", "WARNING": "yellow", "INFO": "cyan", "DEBUG": "dim"}
_HIDDEN_FIELDS = {"level", "message", "service", "timestamp", "logger", "request_id"}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_IDS = ("message_id", "session_id", "record_id", "request_id", "newer_id")
_PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


@dataclass(frozen=True)
class Line:
    """One log event of a function; `at` in epoch milliseconds."""

    function: str
    at: int
    id: str
    text: str


@dataclass(frozen=True)
class Wanted:
    """Which lines to show: from a level on, of a masked sender, with an id; blank for all."""

    level: str = ""
    sender: str = ""
    id: str = ""

    def has(self, line: Line) -> bool:
        """Say whether a line is wanted; one that is no event, such as a crash, has every level."""
        entry = parse_entry(line.text)
        if entry is None:
            return not (self.sender or self.id)
        return (
            _rank(str(entry.get("level", "INFO"))) >= _rank(self.level or LEVELS[0])
            and self.sender in ("", entry.get("sender"))
            and (not self.id or self.id in [entry.get(name) for name in _IDS])
        )


def _rank(level: str) -> int:
    """Return a level's place; an unknown one is shown."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def read_lines(aws: Aws, functions: Sequence[str], since_ms: int, pattern: str = "") -> list[Line]:
    """Return the events of all functions since a moment, in time; platform lines are left out.

    `pattern` is CloudWatch's filter; the emulator does not know it.
    """
    found = [
        line for name in functions for line in _read_function_lines(aws, name, since_ms, pattern)
    ]
    return sorted(found, key=lambda line: line.at)


def _read_function_lines(aws: Aws, function: str, since_ms: int, pattern: str) -> Iterator[Line]:
    """Yield one function's events; a function that never ran has none."""
    pages = aws.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}", startTime=since_ms, filterPattern=pattern
    )
    try:
        for page in pages:
            for event in page["events"]:
                text = event.get("message", "").rstrip()
                if text and not text.startswith(_PLATFORM_LINES):
                    yield Line(function, event["timestamp"], event_id(event), text)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise


def event_id(event: FilteredLogEventTypeDef) -> str:
    """Return the event's id, or one made of its parts: the emulator gives none."""
    text = event.get("message", "")
    return event.get("eventId") or f"{event.get('logStreamName')}/{event['timestamp']}/{text}"


def follow_lines(aws: Aws, functions: Sequence[str], since_ms: int) -> Iterator[Line]:
    """Yield events as they come, for ever, each once."""
    follower = LogFollower(aws, functions, since_ms)
    while True:
        yield from follower.read()
        time.sleep(_POLL_SECONDS)


class LogFollower:
    """Reads a log again and again; each line is given once."""

    def __init__(
        self, aws: Aws, functions: Sequence[str], since_ms: int, pattern: str = ""
    ) -> None:
        self._aws = aws
        self._functions = functions
        self._since_ms = since_ms
        self._pattern = pattern
        self._seen: dict[str, int] = {}

    def read(self) -> list[Line]:
        """Return the lines that no earlier reading gave."""
        lines = read_lines(self._aws, self._functions, self._since_ms, self._pattern)
        new = list({line.id: line for line in lines if line.id not in self._seen}.values())
        self._seen |= {line.id: line.at for line in new}
        newest = max(self._seen.values(), default=self._since_ms)
        self._since_ms = max(self._since_ms, newest - _OVERLAP_MS)
        self._seen = {id: at for id, at in self._seen.items() if at >= self._since_ms}
        return new


def since(minutes: float) -> int:
    """Return the moment so many minutes ago, in epoch milliseconds."""
    return int((time.time() - minutes * 60) * 1000)


def render_line(line: Line) -> str:
    """Show time, function, event and fields; what is no JSON stands as it is."""
    entry = parse_entry(line.text)
    head = f"[dim]{clock(line.at / 1000)} {line.function:<18}[/dim]"
    if entry is None:
        return f"{head} {escape(printable(line.text))}"
    style = _STYLES.get(str(entry.get("level")), "cyan")
    fields = " ".join(
        f"{key}={_render_value(value)}" for key, value in entry.items() if _is_shown(key)
    )
    message = escape(printable(str(entry.get("message", ""))))
    return f"{head} [{style}]{message}[/{style}] [dim]{escape(printable(fields))}[/dim]".rstrip()


def parse_entry(text: str) -> dict[str, Any] | None:
    """Return a log line as an object, or None when it is none."""
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _is_shown(key: str) -> bool:
    """Leave out what every line has, and what only metrics need."""
    return key not in _HIDDEN_FIELDS and not key.startswith("_")


def _render_value(value: Any) -> str:
    """Show a field's value in a few characters."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
