"""The memory of a container that lives long: both halves, over ports that remember nothing.

    python -m benchmarks.endurance [BATCHES]

Every batch brings a sender that was never seen before, the worst that a cache can meet. Prints
the resident memory in KB now and then, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from benchmarks.events import queue_record, sender_id, stream_record
from consumer.conversation.batch import RejectedRecord
from consumer.conversation.ports import ConversationReads, SenderWrite, WriteResult
from consumer.conversation.queue_record import read_record
from consumer.conversation.session_cache import DEFAULT_CAPACITY, SessionCache
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.notifier_rules import NotifierRules
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.state import NotificationState, StateChange
from consumer.notification.step import Outcome, PostEnd, ResendUnknown, TurnRules
from consumer.webhook.message import ChatKey
from container import NotifierDependencies, QueueDependencies
from handlers.dynamo_event_handler import handle_stream
from handlers.queue_message_handler import handle_batch
from logger_setup import Logger

BATCHES = 100_000
CHECKPOINTS = 10


class Forgetful:
    """Every port at once: answers as an empty world would, and keeps nothing."""

    def read(
        self,
        senders: Collection[str] | NotificationQuery,
        chats: Collection[ChatKey] = (),
        sessions: Collection[str] = (),
    ) -> ConversationReads | NotificationReads:
        """Nobody is known; notifications read by one query, conversations by their keys."""
        if isinstance(senders, NotificationQuery):
            return NotificationReads(
                states={each: NotificationState() for each in senders.states},
                sessions=dict.fromkeys(senders.sessions),
                texts=dict.fromkeys(senders.texts),
                newest=dict.fromkeys(senders.newest, ()),
            )
        return ConversationReads(dict.fromkeys(senders), {}, dict.fromkeys(chats, False))

    def write(self, units: Sequence[SenderWrite], stored_at: Decimal) -> WriteResult:
        """All is stored."""
        return WriteResult(
            stored={message.key for unit in units for message in unit.messages},
            opened={unit.session.session_id for unit in units if unit.opens},
        )

    def quarantine(self, rejected: Sequence[RejectedRecord]) -> set[str]:
        """All has arrived."""
        return {each.record.id for each in rejected}

    def save(self, changes: Sequence[StateChange]) -> SaveResult:
        """All is saved."""
        return SaveResult(saved={each.sender_id for each in changes})

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[dict[str, PostEnd]]:
        """All is accepted."""
        yield {each.sender_id: PostEnd(Outcome.ACCEPTED) for each in notifications}

    def schedule(self, notifications: Sequence[Notification], now: float) -> set[str]:
        """All is scheduled."""
        return {each.sender_id for each in notifications}

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """All has arrived."""
        return {each.id for each in rejected}


def endure(batches: int, log: TextIO, cached: int = DEFAULT_CAPACITY) -> Iterator[int]:
    """Run batches through both halves; gives the number of each when it is done."""
    logger, ports = Logger("endurance", log), Forgetful()
    queue = QueueDependencies(
        conversations=ports,
        dead_letters=ports,
        log=logger,
        cache=SessionCache(cached),
    )
    turns = TurnRules(max_attempts=8, resend_unknown=ResendUnknown.CHECK, open_seconds=10.0)
    rules = NotifierRules(
        turns, post_seconds=5.0, call_seconds=1.0, round_size=100, seconds_to_start=2.0
    )
    stream = NotifierDependencies(ports, ports, ports, logger, rules)
    for number in range(1, batches + 1):
        sender = sender_id(number)
        failed = handle_batch([read_record(queue_record(sender, number))], None, queue)
        if failed:
            raise RuntimeError(f"batch {number} was not stored")
        handle_stream([stream_record(sender, number)], None, stream)
        yield number


def resident_kb() -> int:
    """Return the resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def main(batches: int) -> None:
    """Print the memory at some points on the way."""
    with Path(os.devnull).open("w") as log:
        marks = {
            number: resident_kb()
            for number in endure(batches, log)
            if number % max(1, batches // CHECKPOINTS) == 0
        }
    print(json.dumps(marks))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BATCHES)
