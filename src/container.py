"""The real world's parts, put together once per container, on first use."""

import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial

import config
from consumer.aws.client import CONNECT_SECONDS as AWS_CONNECT_SECONDS
from consumer.aws.client import LONGEST_CALL_SECONDS, AwsClient
from consumer.aws.connection import tls_context
from consumer.aws.credentials import CredentialSource
from consumer.aws.dynamodb import DynamoDb
from consumer.aws.http import HttpPool
from consumer.aws.secrets import ReplySecret, fetch_auth_tokens
from consumer.aws.sqs import SqsSender
from consumer.conversation.dead_letter_queue import SqsDeadLetterQueue
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.ports import ConversationStore, DeadLetterQueue
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.session_key import SessionKey
from consumer.conversation.session_key_store import DynamoSessionKeyStore
from consumer.errors import ConsumerError
from consumer.intake.auth_token import AuthTokens
from consumer.intake.message_queue import SqsIntakeQueue
from consumer.intake.ports import IntakeQueue
from consumer.masking import MIN_SECRET_LENGTH, mask
from consumer.notification.dynamodb_store import DynamoNotificationStore
from consumer.notification.notification import Notification
from consumer.notification.notifier_rules import NotifierRules
from consumer.notification.ports import NotificationStore, ReplyService, RetryQueue
from consumer.notification.reply_service import CONNECT_SECONDS, HttpReplyService
from consumer.notification.retry_queue import SqsRetryQueue
from consumer.notification.state import CLOCK_ALLOWANCE_SECONDS
from consumer.notification.step import ResendUnknown, TurnRules
from consumer.retry_budget import RetryBudget
from logger_setup import Logger, get_logger

# For a batch of ten: a query for each sender and one read.
QUEUE_CONNECTIONS = 11

# One more call may start while this is left, and its end still be reported.
MARGIN_SECONDS = LONGEST_CALL_SECONDS + 1.0

# Of the intake's ten seconds: a call for the token that hangs leaves time for a send.
INTAKE_READ_SECONDS = 2.0

DAY_SECONDS = 24 * 3600

# Of a new session key.
KEY_BYTES = 32

# A POST starts no later than that after its claim was made: the claim's own write, and the secret
# or a first round that was answered 401.
SECONDS_TO_START = 2 * LONGEST_CALL_SECONDS

# Without a Lambda context there is nobody who would stop us.
SCRIPT_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """Time and chance, as parameters; `clock` in epoch seconds."""

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def budget(self, context: object = None, calls_behind: int = 0) -> RetryBudget:
        """The time for repeated calls until the invocation ends, by its Lambda context.

        It leaves time for `calls_behind` calls after the last that it allows.
        """
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = remaining() / 1000 if callable(remaining) else SCRIPT_SECONDS
        end = self.monotonic() + seconds
        margin = MARGIN_SECONDS + calls_behind * LONGEST_CALL_SECONDS
        return RetryBudget(lambda: end - self.monotonic(), margin, self.sleep, self.random)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDependencies:
    """What a script works with that stores messages."""

    conversations: ConversationStore
    runtime: Runtime = field(default_factory=Runtime)
    cache: SessionCache = field(default_factory=SessionCache)
    session_key: SessionKey = field(default_factory=SessionKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDependencies(ConversationDependencies):
    """What the queue half works with."""

    dead_letters: DeadLetterQueue
    log: Logger


@dataclass(frozen=True, slots=True)
class NotifierDependencies:
    """What the stream half works with."""

    notifications: NotificationStore
    reply_service: ReplyService
    retry_queue: RetryQueue
    log: Logger
    rules: NotifierRules
    runtime: Runtime = field(default_factory=Runtime)
    new_token: Callable[[], str] = lambda: uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class IntakeDependencies:
    """What the intake works with; `tokens` None: it takes unsigned webhooks, too."""

    queue: IntakeQueue
    tokens: AuthTokens | None
    log: Logger
    public_url: str = ""
    call_seconds: float = AWS_CONNECT_SECONDS + INTAKE_READ_SECONDS
    runtime: Runtime = field(default_factory=Runtime)


def prepare(build: Callable[[], object]) -> None:
    """Load the certificates and build what a function works with; makes no call, never raises.

    A setting that is missing is for the first event to report.
    """
    tls_context()
    with suppress(ConsumerError):
        build()


def prepare_on_lambda(build: Callable[[], object]) -> None:
    """The same at import, where Lambda gives a whole core to the INIT phase; elsewhere nothing."""
    if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        prepare(build)


@cache
def conversation_dependencies() -> ConversationDependencies:
    """The tables on AWS; raises SettingMissing or SettingInvalid."""
    client, settings = _client(QUEUE_CONNECTIONS), config.table_settings()
    return ConversationDependencies(
        conversations=_conversation_store(client, settings),
        session_key=_session_key(client, settings, get_logger("script")),
    )


@cache
def queue_dependencies() -> QueueDependencies:
    """The queue half on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.queue_settings()
    log = get_logger("queue_function")
    client = _client(QUEUE_CONNECTIONS)
    return QueueDependencies(
        conversations=_conversation_store(client, settings),
        dead_letters=SqsDeadLetterQueue(_sender(client, log), settings.dlq_url),
        log=log,
        session_key=_session_key(client, settings, log),
    )


@cache
def notifier_dependencies() -> NotifierDependencies:
    """The stream half on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.notifier_settings()
    log = get_logger("dynamo_function")
    width = settings.reply_concurrency
    client = _client(4)
    return NotifierDependencies(
        notifications=DynamoNotificationStore(
            DynamoDb(client),
            settings.notification_table,
            settings.session_table,
            settings.chat_table,
        ),
        reply_service=HttpReplyService(
            HttpPool(width),
            settings.reply_url,
            ReplySecret(
                client,
                lambda: log.warning("reply secret is short", shortest_hidden=MIN_SECRET_LENGTH),
            ),
            settings.reply_timeout,
            lambda error: log.error("reply secret unavailable", error=error),
            lambda not_notified: log.warning("reply service did not accept", posts=not_notified),
            on_end=partial(_log_post, log),
        ),
        retry_queue=SqsRetryQueue(
            _sender(client, log), settings.retry_queue_url, settings.reply_dlq_url
        ),
        log=log,
        rules=notifier_rules(
            _turn_rules(settings), settings.reply_timeout, settings.reply_concurrency
        ),
    )


@cache
def intake_dependencies() -> IntakeDependencies:
    """The intake on AWS; raises SettingMissing or SettingInvalid."""
    settings = config.intake_settings()
    client = AwsClient(config.region(), CredentialSource(), HttpPool(1), INTAKE_READ_SECONDS)
    tokens = AuthTokens(lambda: fetch_auth_tokens(client), time.time)
    return IntakeDependencies(
        queue=SqsIntakeQueue(client, settings.queue_url),
        tokens=None if settings.accepts_unsigned else tokens,
        log=get_logger("intake_function"),
        public_url=settings.public_url,
    )


def notifier_rules(turns: TurnRules, reply_timeout: float, round_size: int) -> NotifierRules:
    """How the notifier takes turns, and how long each of its steps may take."""
    return NotifierRules(
        turns=turns,
        post_seconds=SECONDS_TO_START + CONNECT_SECONDS + reply_timeout,
        call_seconds=LONGEST_CALL_SECONDS,
        round_size=round_size,
        seconds_to_start=SECONDS_TO_START,
    )


def open_seconds(reply_timeout: float) -> float:
    """Seconds from a claim until its POST has ended: its own write, the secret or a first round
    that was answered 401, a connection, the answer, and an allowance for clocks.
    """
    return SECONDS_TO_START + CONNECT_SECONDS + reply_timeout + CLOCK_ALLOWANCE_SECONDS


def _turn_rules(settings: config.NotifierSettings) -> TurnRules:
    return TurnRules(
        max_attempts=settings.max_attempts,
        resend_unknown=ResendUnknown(settings.resend_unknown),
        open_seconds=open_seconds(settings.reply_timeout),
        outcome_seconds=settings.outcome_seconds,
        quiet_seconds=settings.quiet_seconds,
        longest_wait_seconds=settings.longest_wait_seconds,
        answers_opt_outs=settings.answers_opt_outs,
    )


def _conversation_store(
    client: AwsClient, settings: config.TableSettings
) -> DynamoConversationStore:
    return DynamoConversationStore(
        DynamoDb(client),
        settings.chat_table,
        settings.session_table,
        settings.chat_retention_days * DAY_SECONDS,
    )


def _session_key(client: AwsClient, settings: config.TableSettings, log: Logger) -> SessionKey:
    if not settings.key_table:
        log.warning("session ids have no key", reason="DYNAMODB_NOTIFICATION_TABLE is not set")
        return SessionKey()
    store = DynamoSessionKeyStore(DynamoDb(client), settings.key_table)
    return SessionKey(store, partial(secrets.token_hex, KEY_BYTES))


def _client(connections: int) -> AwsClient:
    return AwsClient(config.region(), CredentialSource(), HttpPool(connections))


def _sender(client: AwsClient, log: Logger) -> SqsSender:
    return SqsSender(client, lambda problem: log.warning("queue send failed", problem=problem))


def _log_post(log: Logger, notification: Notification, code: str, seconds: float) -> None:
    log.info(
        "post ended",
        sender=mask(notification.sender_id),
        message_id=notification.message_id,
        reason=code,
        seconds=round(seconds, 3),
    )
