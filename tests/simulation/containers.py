"""What fresh containers of the functions work with, and the calls that Lambda makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from consumer.aws.client import LONGEST_CALL_SECONDS
from consumer.conversation.queue_record import read_record
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.session_key import SessionKey
from consumer.intake.auth_token import AuthTokens
from consumer.notification.notifier_rules import NotifierRules
from consumer.notification.step import TurnRules
from container import (
    IntakeDependencies,
    NotifierDependencies,
    QueueDependencies,
    Runtime,
    notifier_rules,
    open_seconds,
)
from handlers.dynamo_event_handler import handle_retries, handle_stream
from handlers.queue_message_handler import handle_batch
from logger_setup import Logger
from tests.simulation.functions import Invocation
from tests.simulation.outside import Outside
from tests.simulation.records import Record
from tests.support.intake import TOKEN
from tests.support.memory.queue_ports import MemoryIntakeQueue
from tests.support.memory.queues import Message

Accept = Callable[[object, Message | None], None]


class Quiet(Logger):
    """Writes nothing."""

    def _write(self, *line: Any) -> None:
        pass


class Containers:
    """Makes them; each container has a clock that is a little off, and a cache of its own."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._settings = outside.settings
        self._random = outside.chance.stream("notifier ports")
        self._keys = outside.chance.stream("session keys")

    def queue_dependencies(self) -> QueueDependencies:
        outside, settings = self._outside, self._settings
        return QueueDependencies(
            conversations=outside.conversation_store(
                settings.tells_reasons, settings.transaction_size
            ),
            dead_letters=outside.dead_letter_queue(),
            log=Quiet("queue"),
            runtime=self._runtime(settings.skew),
            cache=SessionCache(settings.cache_capacity),
            session_key=SessionKey(
                outside.session_key_store(), lambda: f"{self._keys.getrandbits(256):064x}"
            ),
        )

    def notifier_dependencies(self) -> NotifierDependencies:
        outside, random = self._outside, self._random
        return NotifierDependencies(
            notifications=outside.notification_store(),
            reply_service=outside.reply_service(random, self._settings.reply_timeout),
            retry_queue=outside.retry_queue(),
            log=Quiet("notifier"),
            rules=self._rules(),
            runtime=self._runtime(self._settings.notifier_skew),
            new_token=lambda: f"{random.getrandbits(64):016x}",
        )

    def intake_dependencies(self, on_accept: Accept) -> IntakeDependencies:
        outside = self._outside
        return IntakeDependencies(
            queue=MemoryIntakeQueue(outside.queue, outside.wire, on_accept),
            tokens=AuthTokens(lambda: TOKEN, outside.now),
            log=Quiet("intake"),
            call_seconds=LONGEST_CALL_SECONDS,
            runtime=self._runtime(self._settings.skew),
        )

    def _rules(self) -> NotifierRules:
        settings = self._settings
        turns = TurnRules(
            max_attempts=settings.max_attempts,
            resend_unknown=settings.resend_unknown,
            open_seconds=open_seconds(settings.reply_timeout),
            outcome_seconds=settings.outcome_seconds,
            quiet_seconds=settings.quiet_seconds,
            longest_wait_seconds=settings.longest_wait_seconds,
        )
        return notifier_rules(turns, settings.reply_timeout, settings.round_size)

    def _runtime(self, skew: float) -> Runtime:
        pick = self._outside.chance.stream(f"container {self._outside.now()}")
        return self._outside.runtime(skew * (2 * pick.random() - 1), pick.random)


def store(
    records: Sequence[Record], invocation: Invocation, dependencies: QueueDependencies
) -> Iterable[str]:
    """As queue_function does."""
    return handle_batch([read_record(each) for each in records], invocation, dependencies)


def notify_retries(
    records: Sequence[Record], invocation: Invocation, dependencies: NotifierDependencies
) -> Iterable[str]:
    """As dynamo_function does with the retry queue's records."""
    again = handle_retries(records, invocation, dependencies)
    invocation.brings_again = bool(again)
    return again


def notify_stream(
    records: Sequence[Record], invocation: Invocation, dependencies: NotifierDependencies
) -> Iterable[str]:
    """As dynamo_function does with the stream's records."""
    handle_stream(records, invocation, dependencies)
    return ()
