"""Track messages through the system from outside: queued, stored, notified, replied.

It reads what the functions left in the tables and in the log, so it works against any deployment.
A reply counts as the answer to a message when it was written in or after the second in which that
was stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from unc.aws.logs import Line
from unc.aws.queues import read_depth
from unc.aws.tables import Item, Tables, stored_at
from unc.messages.message import Message
from unc.messages.outcome import Outcome, OutcomeLog
from unc.messages.trace import State

_POLL_SECONDS = 0.2
# The counts of a queue are approximate: one look at an empty queue proves nothing.
EMPTY_LOOKS = 3
# How often a reply is looked for that may be written elsewhere; a service that writes into the
# tables has done so before it answers the POST.
REPLY_LOOKS = 15
# The log is read at every so many looks: more often would be many calls for little news.
LOOKS_A_LOG_READING = 5
# Of so many messages that did not come all the way it is said why.
EXPLAINED = 3
IGNORED = "ignored"
NOT_STORED = "not stored"


@dataclass
class MessageProgress:
    """How far one message has come; times are seconds since it was queued, None not yet."""

    message: Message
    known_before: bool = False
    stored: float | None = None
    notified: float | None = None
    replied: float | None = None
    left_out: str = ""
    looks_for_reply: int = 0
    unanswered: bool = False
    chat: Item = field(default_factory=dict)
    state: State | None = None
    outcome: Outcome | None = None

    def is_over(self) -> bool:
        """Say whether nothing more is to come."""
        if self.left_out or self.known_before or self.unanswered or self.replied is not None:
            return True
        return self.outcome is not None and self.outcome.is_over

    def waits_past(self, moment: float) -> bool:
        """Say whether nothing happens to it before a moment, in epoch seconds.

        While the outcome of a POST is unknown its reply may still come.
        """
        if self.is_over():
            return True
        waiting = self.outcome
        if waiting is None or waiting.is_unknown or waiting.until is None:
            return False
        return waiting.until > moment

    def is_well(self) -> bool:
        """Say whether it has come as far as it should."""
        if not self.is_over() or self.left_out == NOT_STORED:
            return False
        return self.replied is not None or not (self.outcome and self.outcome.is_failure)

    def is_waiting(self) -> bool:
        """Say whether it is neither a chat nor known to become none."""
        return self.stored is None and not self.is_over()

    def as_json(self) -> dict[str, Any]:
        """Return what a script wants to know."""
        return {
            "label": self.message.label,
            "sender_id": self.message.sender_id,
            "message_id": self.message.message_id,
            "session_id": self.chat.get("session_id"),
            "known_before": self.known_before,
            "stored_after_seconds": self.stored,
            "notified_after_seconds": self.notified,
            "replied_after_seconds": self.replied,
            "left_out": self.left_out or None,
            "outcome": self.outcome.as_json() if self.outcome else None,
            "state": self.state.name if self.state else None,
            "next": (self.state.command or None) if self.state else None,
        }


class MessageTracker:
    """Follows messages from the moment they are about to be queued.

    Where `may_be_silent`, the reply service is a user's own and need not write into these tables.
    `read_log` gives what the functions have logged since it was called last.
    """

    def __init__(
        self,
        tables: Tables,
        messages: Sequence[Message],
        may_be_silent: bool = False,
        read_log: Callable[[], list[Line]] = list,
    ) -> None:
        self.tables = tables
        self._may_be_silent = may_be_silent
        self._log = OutcomeLog(read_log)
        self._looks = 0
        self.messages = [MessageProgress(message) for message in messages]
        self._started = time.monotonic()
        self._empty_looks = 0
        self._looked = False
        self._dead_before = self._count_dead()
        self._note_known()

    def _note_known(self) -> None:
        """Mark what is stored already: sent a second time it changes nothing."""
        for tracked, chat in self._find_chats(self.messages):
            tracked.known_before, tracked.chat = True, chat

    def start(self, sent: Sequence[Message]) -> None:
        """Count time from here: the messages are on the queue, each with its id."""
        for tracked, message in zip(self.messages, sent, strict=True):
            tracked.message = message
        self._started = time.monotonic()

    def is_over(self) -> bool:
        """Say whether every message has come as far as it will."""
        return all(tracked.is_over() for tracked in self.messages)

    def is_well(self) -> bool:
        """Say whether every message has come as far as it should."""
        return all(tracked.is_well() for tracked in self.messages)

    def misses_any(self) -> bool:
        """Say whether a message was left out that ought to be a chat."""
        return any(tracked.left_out == NOT_STORED for tracked in self.messages)

    def waits_for_any(self) -> bool:
        """Say whether a message was looked for and nothing can be said of it yet."""
        return self._looked and any(tracked.is_waiting() for tracked in self.messages)

    def lacks_replies(self) -> bool:
        """Say whether the reply service was notified and its reply is not in the tables."""
        return any(tracked.unanswered for tracked in self.messages)

    def follow(self, limit_seconds: float, show: Callable[[], None] = lambda: None) -> bool:
        """Look until nothing more happens within the limit; say whether all is well."""
        deadline = time.time() + limit_seconds
        while True:
            self.look()
            show()
            is_late = time.monotonic() - self._started > limit_seconds
            if is_late or all(tracked.waits_past(deadline) for tracked in self.messages):
                return self.is_well()
            time.sleep(_POLL_SECONDS)

    def explain(self, read_state: Callable[[str], State]) -> None:
        """Read where the first messages stand that have not come all the way."""
        unfinished = [each for each in self.messages if not each.is_well()]
        for tracked in [each for each in unfinished if each.message.message_id][:EXPLAINED]:
            tracked.state = read_state(tracked.message.message_id)

    def look(self) -> None:
        """Take one look at the tables and the queue, and at times at the log."""
        self._looked = True
        self._look_for_stored()
        self._look_at_log()
        self._look_for_notified()
        self._look_for_replied()
        self._look_for_left_out()

    def _look_for_stored(self) -> None:
        """Note messages that became chats."""
        missing = [tracked for tracked in self.messages if tracked.is_waiting()]
        for tracked, chat in self._find_chats(missing):
            tracked.stored, tracked.chat = self._elapsed(), chat

    def _look_at_log(self) -> None:
        """Note what the log says has become of messages that are on their way."""
        if self._looks % LOOKS_A_LOG_READING == 0:
            self._log.look()
        self._looks += 1
        for tracked in self.messages:
            if tracked.stored is not None and tracked.replied is None:
                tracked.outcome = self._log.of(tracked.message.message_id)

    def _look_for_notified(self) -> None:
        """Note messages that an accepted POST has covered."""
        waiting = [
            tracked
            for tracked in self.messages
            if tracked.chat and tracked.notified is None and not tracked.is_over()
        ]
        rows = self.tables.read_notifications(tracked.message.sender_id for tracked in waiting)
        for tracked in waiting:
            through = rows.get(tracked.message.sender_id, {}).get("through", Decimal(-1))
            if through >= stored_at(tracked.chat):
                tracked.notified, tracked.outcome = self._elapsed(), None

    def _look_for_replied(self) -> None:
        """Note messages after which the reply service wrote into their session."""
        waiting = [
            tracked
            for tracked in self.messages
            if not tracked.is_over() and _may_be_replied(tracked)
        ]
        for tracked in waiting:
            if self.tables.read_outbound_since(tracked.chat["session_id"], stored_at(tracked.chat)):
                tracked.replied = self._elapsed()
            elif self._may_be_silent and tracked.notified is not None:
                tracked.looks_for_reply += 1
                tracked.unanswered = tracked.looks_for_reply >= REPLY_LOOKS

    def _look_for_left_out(self) -> None:
        """Note what is gone from the queue and no chat: receipts, and what was quarantined.

        On AWS the counts lag, so a queue that looks empty may hold a message yet; but nothing else
        fills the dead-letter queue.
        """
        waiting = [tracked for tracked in self.messages if tracked.is_waiting()]
        self._empty_looks = self._empty_looks + 1 if waiting and self._queue_is_empty() else 0
        if self._empty_looks < EMPTY_LOOKS:
            return
        missing = [tracked for tracked in waiting if not tracked.message.is_callback]
        if missing and self._count_dead() - self._dead_before >= len(missing):
            for tracked in missing:
                tracked.left_out = NOT_STORED
        for tracked in waiting:
            if tracked.message.is_callback:
                tracked.left_out = IGNORED

    def _queue_is_empty(self) -> bool:
        """Say whether nothing waits and nothing is being worked on."""
        return read_depth(self.tables.aws, self.tables.resources.queue).is_empty()

    def _count_dead(self) -> int:
        """Count the bodies in the dead-letter queue, those that somebody looks at too."""
        depth = read_depth(self.tables.aws, self.tables.resources.dead_letter_queue)
        return depth.waiting + depth.in_flight

    def _find_chats(
        self, messages: Sequence[MessageProgress]
    ) -> list[tuple[MessageProgress, Item]]:
        """Pair messages with their chats."""
        by_key = {
            (tracked.message.sender_id, tracked.message.message_id): tracked
            for tracked in messages
            if tracked.message.sender_id
            and tracked.message.message_id
            and not tracked.message.is_callback
        }
        chats = self.tables.read_chats(list(by_key))
        return [(by_key[chat["sender_id"], chat["message_id"]], chat) for chat in chats]

    def _elapsed(self) -> float:
        """Seconds since the messages were queued."""
        return round(time.monotonic() - self._started, 2)


def _may_be_replied(tracked: MessageProgress) -> bool:
    """Say whether the reply service may have heard of a message."""
    is_unknown = tracked.outcome is not None and tracked.outcome.is_unknown
    return tracked.notified is not None or is_unknown
