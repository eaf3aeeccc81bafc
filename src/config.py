"""Settings, read from the environment when asked for, never at import.

Every setting that has no default is named, with the way to set it, by the error
that its absence raises.
"""

from dataclasses import dataclass

from consumer.environment import Environment, flag, number, public_url, required, text, url
from consumer.errors import SettingInvalid

# The notifier is ended after 90 seconds, and needs some before and after the wait.
LONGEST_REPLY_SECONDS = 45

DEFAULT_REPLY_URL = "https://intelligence.theuncproject.com/reply/"


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What whoever stores messages needs to know; without `key_table` ids have no key."""

    chat_table: str
    session_table: str
    chat_retention_days: int
    key_table: str


@dataclass(frozen=True, slots=True)
class QueueSettings(TableSettings):
    """What the queue function needs to know."""

    dlq_url: str


@dataclass(frozen=True, slots=True)
class NotifierSettings:
    """What the notifier needs to know; times in seconds."""

    chat_table: str
    session_table: str
    notification_table: str
    reply_url: str
    reply_timeout: float
    reply_concurrency: int
    retry_queue_url: str
    reply_dlq_url: str
    max_attempts: int
    resend_unknown: str
    outcome_seconds: float
    quiet_seconds: float
    longest_wait_seconds: float
    answers_opt_outs: bool


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What the intake needs to know; `public_url` is blank where the URL called is Twilio's."""

    queue_url: str
    public_url: str
    accepts_unsigned: bool


def region(env: Environment | None = None) -> str:
    """The AWS region, `us-east-1` unless said otherwise."""
    return text(env, "AWS_REGION") or text(env, "AWS_DEFAULT_REGION") or "us-east-1"


def table_settings(env: Environment | None = None) -> TableSettings:
    """Read what a script needs that stores messages.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    return TableSettings(
        chat_table=required(env, "DYNAMODB_CHAT_TABLE", "the name of the chats table"),
        session_table=required(env, "DYNAMODB_SESSION_TABLE", "the name of the sessions table"),
        chat_retention_days=int(number(env, "CHAT_RETENTION_DAYS", 0, 0)),
        key_table=text(env, "DYNAMODB_NOTIFICATION_TABLE"),
    )


def queue_settings(env: Environment | None = None) -> QueueSettings:
    """Read the queue function's settings.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    tables = table_settings(env)
    return QueueSettings(
        chat_table=tables.chat_table,
        session_table=tables.session_table,
        chat_retention_days=tables.chat_retention_days,
        key_table=tables.key_table,
        dlq_url=required(env, "SQS_DLQ_URL", "the url of the dead-letter queue"),
    )


def notifier_settings(env: Environment | None = None) -> NotifierSettings:
    """Read the notifier's settings; the secret is read by consumer/aws/secrets.py.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    retry_queue_url = required(env, "REPLY_RETRY_QUEUE_URL", "the url of the retry queue")
    quiet = number(env, "REPLY_QUIET_SECONDS", 0, 0, 60)
    longest_wait = number(env, "REPLY_LONGEST_WAIT_SECONDS", 30, 1, 900)
    if quiet > longest_wait:
        expected = f"at least REPLY_QUIET_SECONDS, which is {quiet:g}"
        raise SettingInvalid("REPLY_LONGEST_WAIT_SECONDS", expected)
    return NotifierSettings(
        chat_table=required(env, "DYNAMODB_CHAT_TABLE", "the name of the chats table"),
        session_table=required(env, "DYNAMODB_SESSION_TABLE", "the name of the sessions table"),
        notification_table=text(env, "DYNAMODB_NOTIFICATION_TABLE") or "notifications",
        reply_url=url(env, "REPLY_SERVICE_URL", DEFAULT_REPLY_URL),
        reply_timeout=number(env, "REPLY_TIMEOUT_SECONDS", 30, 0.1, LONGEST_REPLY_SECONDS),
        reply_concurrency=int(number(env, "REPLY_MAX_CONCURRENCY", 100, 1)),
        retry_queue_url=retry_queue_url,
        reply_dlq_url=text(env, "REPLY_DLQ_URL") or f"{retry_queue_url}-dlq",
        max_attempts=int(number(env, "REPLY_MAX_ATTEMPTS", 24, 1)),
        resend_unknown=_resend_unknown(env),
        outcome_seconds=number(env, "REPLY_OUTCOME_SECONDS", 90, 0, 600),
        quiet_seconds=quiet,
        longest_wait_seconds=longest_wait,
        answers_opt_outs=flag(env, "REPLY_TO_OPT_OUTS"),
    )


def intake_settings(env: Environment | None = None) -> IntakeSettings:
    """Read the intake's settings; the auth tokens are read by consumer/aws/secrets.py.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    unsigned = flag(env, "ACCEPT_UNSIGNED_WEBHOOKS")
    if unsigned and not text(env, "AWS_ENDPOINT_URL"):
        raise SettingInvalid("ACCEPT_UNSIGNED_WEBHOOKS", "false: only an emulator may accept them")
    return IntakeSettings(
        queue_url=required(env, "SQS_QUEUE_URL", "the url of the queue of webhook bodies"),
        public_url=public_url(env, "PUBLIC_URL") if text(env, "PUBLIC_URL") else "",
        accepts_unsigned=unsigned,
    )


def _resend_unknown(env: Environment | None) -> str:
    stated = text(env, "RESEND_UNKNOWN_OUTCOMES").lower() or "check"
    value = {"true": "always", "false": "never"}.get(stated, stated)
    if value not in ("check", "never", "always"):
        raise SettingInvalid("RESEND_UNKNOWN_OUTCOMES", "check, never or always")
    return value
