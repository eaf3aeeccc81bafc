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
from adapters.reply import CONNECT_SECONDS, SECOND_ROUND_SECONDS, HttpReplyService
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
SCRIPT_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Time and chance, as parameters; `clock` in epoch seconds."""

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def patience(self, context: object = None, calls_behind: int = 0) -> Patience:
        """Patience until the invocation ends, by its Lambda context.

        It leaves time for `calls_behind` calls after the last that it allows.
        """
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = remaining() / 1000 if callable(remaining) else SCRIPT_SECONDS
        end = self.monotonic() + seconds
        margin = MARGIN_SECONDS + calls_behind * LONGEST_CALL_SECONDS
        return Patience(lambda: end - self.monotonic(), margin, self.sleep, self.random)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSide:
    """What a script works with that stores messages."""

    conversations: ConversationStore
    surroundings: Surroundings = field(default_factory=Surroundings)
    cache: SessionCache = field(default_factory=SessionCache)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSide(ConversationSide):
    """What the queue half works with."""

    dead_letters: DeadLetters
    log: Logger
    max_receive_count: int


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
def conversation_side() -> ConversationSide:
    """The tables on AWS; raises SettingMissing or SettingInvalid."""
    client = _client(QUEUE_WAVE_WIDTH)
    return ConversationSide(conversations=_conversations(client, config.table_settings()))


@cache
def queue_side() -> QueueSide:
    """The queue half on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.queue_settings()
    log = get_logger("queue_function")
    client = _client(QUEUE_WAVE_WIDTH)
    return QueueSide(
        conversations=_conversations(client, settings),
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
            lambda untold: log.warning("reply service did not accept", posts=untold),
        ),
        retry_queue=SqsRetryQueue(
            _sender(client, log), settings.retry_queue_url, settings.reply_dlq_url, random.random
        ),
        log=log,
        rules=TellingRules(
            max_attempts=settings.max_attempts,
            resend_unknown=settings.resend_unknown,
            post_seconds=longest_round(settings.reply_timeout),
            call_seconds=LONGEST_CALL_SECONDS,
            round_size=width,
        ),
    )


def longest_round(reply_timeout: float) -> float:
    """Seconds that a round of POSTs takes at the most: the secret's fetching or a first round that
    was answered 401, then a connection and the answer.
    """
    return max(LONGEST_CALL_SECONDS, SECOND_ROUND_SECONDS) + CONNECT_SECONDS + reply_timeout


def _conversations(client: AwsClient, settings: config.TableSettings) -> DynamoConversations:
    return DynamoConversations(
        DynamoDb(client),
        Wave(QUEUE_WAVE_WIDTH),
        settings.chat_table,
        settings.session_table,
        settings.chat_retention_days * DAY_SECONDS,
    )


def _client(connections: int) -> AwsClient:
    return AwsClient(config.region(), CredentialSource(), HttpPool(connections))


def _sender(client: AwsClient, log: Logger) -> SqsSender:
    return SqsSender(client, lambda problem: log.warning("queue did not take it", problem=problem))
