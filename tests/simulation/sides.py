"""What fresh containers of the two functions work with, and the calls that Lambda makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.aws import LONGEST_CALL_SECONDS
from domain.cache import SessionCache
from domain.records import read_record
from domain.telling import TellingRules
from handlers.dynamo_event_handler import handle_retries, handle_stream
from handlers.queue_message_handler import handle_batch
from logger_setup import Logger
from tests.simulation.functions import Invocation
from tests.simulation.outside import Outside
from tests.simulation.records import Record
from tests.world.conversations import MemoryConversations
from tests.world.notifications import MemoryNotifications
from tests.world.queue_ports import MemoryDeadLetters, MemoryRetryQueue
from tests.world.reply_service import MemoryReplyService
from wiring import QueueSide, StreamSide, Surroundings, longest_round


class Quiet(Logger):
    """Writes nothing."""

    def _write(self, *line: Any) -> None:
        pass


class Sides:
    """Makes them; each container has a clock that is a little off, and a cache of its own."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._settings = outside.settings
        self._random = outside.chance.stream("notifier ports")

    def queue_side(self) -> QueueSide:
        outside, settings = self._outside, self._settings
        return QueueSide(
            conversations=MemoryConversations(
                outside.tables,
                outside.wire,
                outside.ledger,
                settings.tells_reasons,
                settings.transaction_size,
            ),
            dead_letters=MemoryDeadLetters(outside.dead_letters, outside.wire, outside.ledger),
            log=Quiet("queue"),
            max_receive_count=settings.most_receives,
            surroundings=self._surroundings(),
            cache=SessionCache(settings.cache_capacity),
        )

    def stream_side(self) -> StreamSide:
        outside = self._outside
        return StreamSide(
            notifications=MemoryNotifications(outside.tables, outside.wire, outside.ledger),
            reply_service=self._reply_service(),
            retry_queue=MemoryRetryQueue(
                outside.retries,
                outside.reply_dead_letters,
                outside.wire,
                outside.ledger,
                self._random.random,
            ),
            log=Quiet("notifier"),
            rules=self._rules(),
            surroundings=self._surroundings(),
            new_token=lambda: f"{self._random.getrandbits(64):016x}",
        )

    def _reply_service(self) -> MemoryReplyService:
        outside = self._outside
        return MemoryReplyService(
            outside.service,
            outside.wire,
            outside.faults,
            outside.scheduler,
            self._random,
            outside.ledger,
            self._settings.reply_timeout,
        )

    def _rules(self) -> TellingRules:
        settings = self._settings
        return TellingRules(
            max_attempts=settings.max_attempts,
            resend_unknown=settings.resends_unknown,
            post_seconds=longest_round(settings.reply_timeout),
            call_seconds=LONGEST_CALL_SECONDS,
            round_size=settings.round_size,
        )

    def _surroundings(self) -> Surroundings:
        scheduler = self._outside.scheduler
        pick = self._outside.chance.stream(f"container {scheduler.now}")
        skew = self._settings.skew * (2 * pick.random() - 1)
        return Surroundings(
            clock=lambda: scheduler.now + skew,
            monotonic=lambda: scheduler.now,
            sleep=self._outside.wire.sleep,
            random=pick.random,
        )


def take_in(records: Sequence[Record], invocation: Invocation, side: QueueSide) -> Iterable[str]:
    """As queue_function does."""
    return handle_batch([read_record(each) for each in records], invocation, side)


def tell_parked(
    records: Sequence[Record], invocation: Invocation, side: StreamSide
) -> Iterable[str]:
    """As dynamo_function does with the retry queue's records."""
    again = handle_retries(records, invocation, side)
    invocation.brings_again = bool(again)
    return again


def tell_streamed(
    records: Sequence[Record], invocation: Invocation, side: StreamSide
) -> Iterable[str]:
    """As dynamo_function does with the stream's records."""
    handle_stream(records, invocation, side)
    return ()
