"""What the functions log of failures and waiting, as lines of the live view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.markup import escape

from unc.aws.logs import Line, parse_entry
from unc.aws.tables import Item
from unc.messages.outcome import Outcome, read_outcome
from unc.messages.post_code import explain_code, find_code, is_accepted
from unc.terminal import clock, printable

# The log is read at every so many looks of the view.
LOOKS_A_READING = 3
_SENDERS_KEPT = 1_000
_OF_THE_SECRET = {"reply secret unavailable": "red", "reply secret is short": "yellow"}


class LogView:
    """Lines about what the log says since the view was made.

    `shows_posts`: whether accepted POSTs are shown; the stand-in tells of its own.
    """

    def __init__(self, read: Callable[[], list[Line]], shows_posts: bool) -> None:
        self._read = read
        self._shows_posts = shows_posts
        self._senders: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._looks = 0

    def learn(self, items: Iterable[Item]) -> None:
        """Keep who wrote the newest messages: the log has masked senders only."""
        self._senders |= {str(item.get("message_id")): str(item["sender_id"]) for item in items}
        while len(self._senders) > _SENDERS_KEPT:
            del self._senders[next(iter(self._senders))]

    def forget(self) -> None:
        """Pass over what there is so far."""
        self._read()

    def read(self) -> list[str]:
        """Return a line for each thing that is worth one."""
        self._looks += 1
        if self._looks % LOOKS_A_READING:
            return []
        found = (self._render(line) for line in self._read())
        return [line for line in found if line]

    def _render(self, line: Line) -> str:
        """Render a line of the log, or nothing."""
        entry = parse_entry(line.text) or {}
        event, id = str(entry.get("message")), str(entry.get("message_id"))
        if event in _OF_THE_SECRET:
            return _render(line, _OF_THE_SECRET[event], "! secret  ", "", event)
        who = self._senders.get(id, str(entry.get("sender") or ""))
        if event == "post ended":
            self._codes[id] = code = str(entry.get("reason"))
            is_shown = self._shows_posts and is_accepted(code)
            return _render(line, "cyan", "· notified", who, "") if is_shown else ""
        if event == "message quarantined":
            advice = f"{entry.get('reason')}; see: unc dlq list --queue messages"
            return _render(line, "red", "✗ unstored", who, advice)
        outcome = read_outcome(entry, self._codes.pop(id, ""))
        return _render_outcome(line, who, outcome, entry) if outcome else ""


def _render_outcome(line: Line, who: str, outcome: Outcome, entry: Mapping[str, Any]) -> str:
    """Render what became of a message, and what helps."""
    meaning = explain_code(find_code(outcome.reason))
    if entry.get("message") == "notification dead-lettered":
        words = (outcome.reason, meaning, "then: unc dlq redrive --all --queue replies")
        return _render(line, "red", "✗ dead    ", who, _join(words))
    if outcome.word.startswith("✗"):
        words = (outcome.reason or outcome.word, meaning, _moment("again at", outcome))
        return _render(line, "red", "✗ retry   ", who, _join(words))
    if outcome.is_unknown:
        words = (outcome.reason, meaning, _moment("looked up at", outcome))
        return _render(line, "yellow", "? unknown ", who, _join(words))
    return _render(line, "yellow", f"· {outcome.word:<8}", who, _moment("until", outcome))


def _join(words: Iterable[str]) -> str:
    return "; ".join(filter(None, words))


def _moment(before: str, outcome: Outcome) -> str:
    """Say when something happens next, where that is known."""
    return f"{before} {clock(outcome.until)}" if outcome.until else ""


def _render(line: Line, colour: str, mark: str, who: str, words: str) -> str:
    """Render one line: when, what, who and why."""
    head = f"[dim]{clock(line.at / 1000)}[/dim] [{colour}]{mark}[/{colour}]"
    return f"{head} {escape(printable(who)):<18} {escape(printable(words))}".rstrip()
