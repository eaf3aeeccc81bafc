"""The real world's parts, put together once per container, on first use."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import config
from adapters.aws import LONGEST_CALL_SECONDS, AwsClient
from adapters.conversations import DynamoConversations
from adapters.credentials import CredentialSource
from adapters.dynamodb import DynamoDb
from adapters.http import HttpPool
from adapters.notifications import DynamoNotifications
from adapters.queues import SqsDeadLetters, SqsRetryQueue, SqsSender
from adapters.reply import CONNECT_SECONDS, HttpReplyService
from adapters.secrets import ReplySecret
from adapters.wave import Wave
from domain.cache import SessionCache
from domain.patience import Patience
from domain.ports import (
    ConversationStore,
    DeadLetters,
    NotificationStore,
    ReplyService,
    RetryQueue,
)
from domain.telling import TellingRules
from logger_setup import Logger, get_logger

# A wave for a batch of ten: a query for each sender and one read.
QUEUE_WAVE_WIDTH = 11

# One more call may start while this is left, and its end still be reported.
MARGIN_SECONDS = LONGEST_CALL_SECONDS + 1.0

DAY_SECONDS = 24 * 3600

# Without a Lambda context there is nobody who would stop us.
SCRIPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time and chance, as parameters; `clock` in epoch seconds."""

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def patience(self, context: object = None) -> Patience:
        """Patience until the invocation ends, by its Lambda context."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = remaining() / 1000 if callable(remaining) else SCRIPT_SECONDS
        end = self.monotonic() + seconds
        return Patience(lambda: end - self.monotonic(), MARGIN_SECONDS, self.sleep, self.random)


@dataclass(frozen=True, slots=True)
class QueueSide:
    """What the queue half works with."""

    conversations: ConversationStore
    dead_letters: DeadLetters
    log: Logger
    max_receive_count: int
    surroundings: Surroundings = field(default_factory=Surroundings)
    cache: SessionCache = field(default_factory=SessionCache)


@dataclass(frozen=True, slots=True)
class StreamSide:
    """What the stream half works with."""

    notifications: NotificationStore
    reply_service: ReplyService
    retry_queue: RetryQueue
    log: Logger
    rules: TellingRules
    surroundings: Surroundings = field(default_factory=Surroundings)
    new_token: Callable[[], str] = lambda: uuid.uuid4().hex


@cache
def queue_side() -> QueueSide:
    """The queue half on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.queue_settings()
    log = get_logger("queue_function")
    client = _client(QUEUE_WAVE_WIDTH)
    return QueueSide(
        conversations=DynamoConversations(
            DynamoDb(client),
            Wave(QUEUE_WAVE_WIDTH),
            settings.chat_table,
            settings.session_table,
            settings.chat_retention_days * DAY_SECONDS,
        ),
        dead_letters=SqsDeadLetters(_sender(client, log), settings.dlq_url),
        log=log,
        max_receive_count=settings.max_receive_count,
    )


@cache
def stream_side() -> StreamSide:
    """The stream half on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.notifier_settings()
    log = get_logger("dynamo_function")
    width = settings.reply_concurrency
    client = _client(4)
    wave = Wave(width)
    return StreamSide(
        notifications=DynamoNotifications(
            DynamoDb(client),
            wave,
            settings.notification_table,
            settings.session_table,
            settings.chat_table,
        ),
        reply_service=HttpReplyService(
            HttpPool(width),
            wave,
            settings.reply_url,
            ReplySecret(client),
            settings.reply_timeout,
            lambda error: log.error("reply secret unavailable", error=error),
        ),
        retry_queue=SqsRetryQueue(
            _sender(client, log), settings.retry_queue_url, settings.reply_dlq_url, random.random
        ),
        log=log,
        rules=TellingRules(
            max_attempts=settings.max_attempts,
            resend_unknown=settings.resend_unknown,
            post_seconds=CONNECT_SECONDS + settings.reply_timeout + MARGIN_SECONDS,
            round_size=width,
        ),
    )


def _client(connections: int) -> AwsClient:
    return AwsClient(config.region(), CredentialSource(), HttpPool(connections))


def _sender(client: AwsClient, log: Logger) -> SqsSender:
    return SqsSender(client, lambda problem: log.warning("queue did not take it", problem=problem))
