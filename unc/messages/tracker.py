"""The way of messages through the system, seen from outside: queued, stored, told, replied.

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

POLL_SECONDS = 0.2
# The counts of a queue are approximate: one look at an empty queue proves nothing.
EMPTY_LOOKS = 3
# How often a reply is looked for that may be written elsewhere; a service that writes into the
# tables has done so before it answers the POST.
REPLY_LOOKS = 15
IGNORED = "ignored"
NOT_STORED = "not stored"


@dataclass
class Way:
    """How far one message has come; times are seconds since it was queued, None not yet."""

    message: Message
    known_before: bool = False
    stored: float | None = None
    told: float | None = None
    replied: float | None = None
    left_out: str = ""
    looks_for_reply: int = 0
    unanswered: bool = False
    chat: Item = field(default_factory=dict)

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
            "told_after_seconds": self.told,
            "replied_after_seconds": self.replied,
            "left_out": self.left_out or None,
        }


class Journey:
    """Follows messages from the moment they are about to be queued.

    Where `may_be_silent`, the reply service is a user's own and need not write into these tables.
    """

    def __init__(
        self, tables: Tables, messages: Sequence[Message], may_be_silent: bool = False
    ) -> None:
        self.tables = tables
        self.may_be_silent = may_be_silent
        self.ways = [Way(message) for message in messages]
        self.started = time.monotonic()
        self.empty_looks = 0
        self.looked = False
        self.dead_before = self.count_dead()
        self.note_known()

    def note_known(self) -> None:
        """Mark what is stored already: sent a second time it changes nothing."""
        for way, chat in self.find_chats(self.ways):
            way.known_before, way.chat = True, chat

    def start(self, sent: Sequence[Message]) -> None:
        """Count time from here: the messages are on the queue, each with its id."""
        for way, message in zip(self.ways, sent, strict=True):
            way.message = message
        self.started = time.monotonic()

    def is_over(self) -> bool:
        """Say whether every message has come as far as it will."""
        return all(way.is_over() for way in self.ways)

    def misses_any(self) -> bool:
        """Say whether a message was left out that ought to be a chat."""
        return any(way.left_out == NOT_STORED for way in self.ways)

    def waits_for_any(self) -> bool:
        """Say whether a message was looked for and nothing can be said of it yet."""
        return self.looked and any(way.is_waiting() for way in self.ways)

    def lacks_replies(self) -> bool:
        """Say whether a message was told and its reply is not in the tables."""
        return any(way.unanswered for way in self.ways)

    def follow(self, limit_seconds: float, show: Callable[[], None] = lambda: None) -> bool:
        """Look until all is over or the limit is reached; say which."""
        while True:
            self.look()
            show()
            if self.is_over() or time.monotonic() - self.started > limit_seconds:
                return self.is_over()
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Take one look at the tables and the queue."""
        self.looked = True
        self.look_for_stored()
        self.look_for_told()
        self.look_for_replied()
        self.look_for_left_out()

    def look_for_stored(self) -> None:
        """Note messages that became chats."""
        missing = [way for way in self.ways if way.is_waiting()]
        for way, chat in self.find_chats(missing):
            way.stored, way.chat = self.elapsed(), chat

    def look_for_told(self) -> None:
        """Note messages that an accepted POST has covered."""
        waiting = [way for way in self.ways if way.chat and way.told is None and not way.is_over()]
        rows = self.tables.read_notifications(way.message.sender_id for way in waiting)
        for way in waiting:
            through = rows.get(way.message.sender_id, {}).get("through", Decimal(-1))
            if through >= stored_at(way.chat):
                way.told = self.elapsed()

    def look_for_replied(self) -> None:
        """Note messages after which the reply service wrote into their session."""
        waiting = [way for way in self.ways if way.told is not None and not way.is_over()]
        for way in waiting:
            if self.tables.read_outbound_since(way.chat["session_id"], stored_at(way.chat)):
                way.replied = self.elapsed()
            elif self.may_be_silent:
                way.looks_for_reply += 1
                way.unanswered = way.looks_for_reply >= REPLY_LOOKS

    def look_for_left_out(self) -> None:
        """Note what is gone from the queue and no chat: receipts, and what was quarantined.

        On AWS the counts lag, so a queue that looks empty may hold a message yet; but nothing else
        fills the dead-letter queue.
        """
        waiting = [way for way in self.ways if way.is_waiting()]
        self.empty_looks = self.empty_looks + 1 if waiting and self.queue_is_empty() else 0
        if self.empty_looks < EMPTY_LOOKS:
            return
        missing = [way for way in waiting if not way.message.is_callback]
        if missing and self.count_dead() - self.dead_before >= len(missing):
            for way in missing:
                way.left_out = NOT_STORED
        for way in waiting:
            if way.message.is_callback:
                way.left_out = IGNORED

    def queue_is_empty(self) -> bool:
        """Say whether nothing waits and nothing is being worked on."""
        return read_depth(self.tables.aws, self.tables.resources.queue).is_empty()

    def count_dead(self) -> int:
        """Count the bodies in the dead-letter queue, those that somebody looks at too."""
        depth = read_depth(self.tables.aws, self.tables.resources.dead_letter_queue)
        return depth.waiting + depth.in_flight

    def find_chats(self, ways: Sequence[Way]) -> list[tuple[Way, Item]]:
        """Pair messages with their chats."""
        by_key = {
            (way.message.sender_id, way.message.message_id): way
            for way in ways
            if way.message.sender_id and way.message.message_id and not way.message.is_callback
        }
        chats = self.tables.read_chats(list(by_key))
        return [(by_key[chat["sender_id"], chat["message_id"]], chat) for chat in chats]

    def elapsed(self) -> float:
        """Seconds since the messages were queued."""
        return round(time.monotonic() - self.started, 2)
