"""The memory of a container that lives long: both halves, over ports that remember nothing.

    python -m benchmarks.endurance [BATCHES]

Every batch brings a sender that was never seen before, the worst that a cache can meet. Prints
the resident memory in KB now and then, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from benchmarks.events import queue_record, sender_id, stream_record
from domain.batches import Rejected
from domain.cache import DEFAULT_CAPACITY, SessionCache
from domain.chats import ChatKey
from domain.news import News, RejectedNews
from domain.notifications import Claim
from domain.ports import Audience, Claimed, Known, Outcome, Unit, Written
from domain.records import read_record
from domain.telling import TellingRules
from handlers.dynamo_event_handler import handle_stream
from handlers.queue_message_handler import handle_batch
from logger_setup import Logger
from wiring import QueueSide, StreamSide

BATCHES = 100_000
CHECKPOINTS = 10


class Forgetful:
    """Every port at once: answers as an empty world would, and keeps nothing."""

    def look_up(self, first: Collection, second: Collection, third: Collection) -> Known | Audience:
        """Nobody is known; conversations ask with chat keys second, notifications with senders."""
        if first and isinstance(next(iter(second), None), ChatKey):
            return Known(dict.fromkeys(first), {}, dict.fromkeys(second, False))
        return Audience(dict.fromkeys(first), dict.fromkeys(second), {})

    def write(self, units: Sequence[Unit], stored_at: Decimal) -> Written:
        """All is stored."""
        return Written(
            stored={message.key for unit in units for message in unit.messages},
            opened={unit.session.session_id for unit in units if unit.opens},
        )

    def quarantine(self, rejected: Sequence[Rejected]) -> set[str]:
        """All has arrived."""
        return {each.record.id for each in rejected}

    def claim(self, claims: Sequence[Claim]) -> Claimed:
        """All is won."""
        return Claimed(won={each.news.sender_id for each in claims})

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """All is released."""
        return {each.news.sender_id for each in claims}

    def settle(self, through: Mapping[str, Decimal]) -> set[str]:
        """All is settled."""
        return set(through)

    def tell(self, news: Sequence[News]) -> dict[str, Outcome]:
        """All is accepted."""
        return {each.sender_id: Outcome.ACCEPTED for each in news}

    def park(self, news: Sequence[News]) -> set[str]:
        """All is parked."""
        return {each.sender_id for each in news}

    def give_up(self, rejected: Sequence[RejectedNews]) -> set[str]:
        """All has arrived."""
        return {each.id for each in rejected}


def endure(batches: int, log: TextIO, cached: int = DEFAULT_CAPACITY) -> Iterator[int]:
    """Run batches through both halves; gives the number of each when it is done."""
    logger, ports = Logger("endurance", log), Forgetful()
    queue = QueueSide(
        conversations=ports,
        dead_letters=ports,
        log=logger,
        max_receive_count=10,
        cache=SessionCache(cached),
    )
    rules = TellingRules(
        max_attempts=8, resend_unknown=False, post_seconds=5.0, call_seconds=1.0, round_size=100
    )
    stream = StreamSide(ports, ports, ports, logger, rules)
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
