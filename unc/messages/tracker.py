"""Track messages through the system from outside: queued, stored, notified, replied.

It reads what the functions left in the tables, so it works against any deployment. A reply counts
as the answer to a message when it was written in or after the second in which that was stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from unc.aws.queues import read_depth
from unc.aws.tables import Item, Tables, stored_at
from unc.messages.message import Message
from unc.messages.trace import State

_POLL_SECONDS = 0.2
# The counts of a queue are approximate: one look at an empty queue proves nothing.
EMPTY_LOOKS = 3
# How often a reply is looked for that may be written elsewhere; a service that writes into the
# tables has done so before it answers the POST.
REPLY_LOOKS = 15
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

    def is_over(self) -> bool:
        """Say whether nothing more is to come."""
        if self.left_out or self.known_before or self.unanswered:
            return True
        return self.replied is not None

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
            "state": self.state.name if self.state else None,
            "next": (self.state.command or None) if self.state else None,
        }


class MessageTracker:
    """Follows messages from the moment they are about to be queued.

    Where `may_be_silent`, the reply service is a user's own and need not write into these tables.
    """

    def __init__(
        self, tables: Tables, messages: Sequence[Message], may_be_silent: bool = False
    ) -> None:
        self.tables = tables
        self._may_be_silent = may_be_silent
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
        """Look until all is over or the limit is reached; say which."""
        while True:
            self.look()
            show()
            if self.is_over() or time.monotonic() - self._started > limit_seconds:
                return self.is_over()
            time.sleep(_POLL_SECONDS)

    def explain(self, read_state: Callable[[str], State]) -> None:
        """Read where the first messages stand that have not come all the way."""
        unfinished = [each for each in self.messages if not each.is_over()]
        for tracked in [each for each in unfinished if each.message.message_id][:EXPLAINED]:
            tracked.state = read_state(tracked.message.message_id)

    def look(self) -> None:
        """Take one look at the tables and the queue."""
        self._looked = True
        self._look_for_stored()
        self._look_for_notified()
        self._look_for_replied()
        self._look_for_left_out()

    def _look_for_stored(self) -> None:
        """Note messages that became chats."""
        missing = [tracked for tracked in self.messages if tracked.is_waiting()]
        for tracked, chat in self._find_chats(missing):
            tracked.stored, tracked.chat = self._elapsed(), chat

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
                tracked.notified = self._elapsed()

    def _look_for_replied(self) -> None:
        """Note messages after which the reply service wrote into their session."""
        waiting = [
            tracked
            for tracked in self.messages
            if tracked.notified is not None and not tracked.is_over()
        ]
        for tracked in waiting:
            if self.tables.read_outbound_since(tracked.chat["session_id"], stored_at(tracked.chat)):
                tracked.replied = self._elapsed()
            elif self._may_be_silent:
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
