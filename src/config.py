"""Settings, read from the environment when asked for, never at import.

Every setting that has no default is named, with the way to set it, by the error
that its absence raises.
"""

import os
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.errors import SettingInvalid, SettingMissing

SECRET_VARIABLE = "INTELLIGENCE_API_SECRET"
# The notifier is ended after 90 seconds, and needs some before and after the wait.
LONGEST_REPLY_SECONDS = 45
MOST = 1_000_000

DEFAULT_REPLY_URL = "https://intelligence.theuncproject.com/reply/"

Environment = MutableMapping[str, str]


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What whoever stores messages needs to know."""

    chat_table: str
    session_table: str
    chat_retention_days: int


@dataclass(frozen=True, slots=True)
class QueueSettings(TableSettings):
    """What the queue function needs to know."""

    dlq_url: str
    max_receive_count: int


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
    resend_unknown: bool


def region(env: Environment | None = None) -> str:
    """The AWS region, `us-east-1` unless said otherwise."""
    return _get(env, "AWS_REGION") or _get(env, "AWS_DEFAULT_REGION") or "us-east-1"


def table_settings(env: Environment | None = None) -> TableSettings:
    """Read what a script needs that stores messages.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    return TableSettings(
        chat_table=_required(env, "DYNAMODB_CHAT_TABLE", "the name of the chats table"),
        session_table=_required(env, "DYNAMODB_SESSION_TABLE", "the name of the sessions table"),
        chat_retention_days=int(_number(env, "CHAT_RETENTION_DAYS", 0, 0)),
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
        dlq_url=_required(env, "SQS_DLQ_URL", "the url of the dead-letter queue"),
        max_receive_count=int(_number(env, "MAX_RECEIVE_COUNT", 10, 1)),
    )


def notifier_settings(env: Environment | None = None) -> NotifierSettings:
    """Read the notifier's settings; the secret is `load_secret`'s.

    Raises SettingMissing or SettingInvalid, naming the variable.
    """
    retry_queue_url = _required(env, "REPLY_RETRY_QUEUE_URL", "the url of the retry queue")
    return NotifierSettings(
        chat_table=_required(env, "DYNAMODB_CHAT_TABLE", "the name of the chats table"),
        session_table=_required(env, "DYNAMODB_SESSION_TABLE", "the name of the sessions table"),
        notification_table=_get(env, "DYNAMODB_NOTIFICATION_TABLE") or "notifications",
        reply_url=_url(env, "REPLY_SERVICE_URL", DEFAULT_REPLY_URL),
        reply_timeout=_number(env, "REPLY_TIMEOUT_SECONDS", 30, 0.1, LONGEST_REPLY_SECONDS),
        reply_concurrency=int(_number(env, "REPLY_MAX_CONCURRENCY", 100, 1)),
        retry_queue_url=retry_queue_url,
        reply_dlq_url=_get(env, "REPLY_DLQ_URL") or f"{retry_queue_url}-dlq",
        max_attempts=int(_number(env, "REPLY_MAX_ATTEMPTS", 12, 1)),
        resend_unknown=_flag(env, "RESEND_UNKNOWN_OUTCOMES"),
    )


def endpoint(service_variable: str, env: Environment | None = None) -> str | None:
    """Where a service is instead of at AWS: its own variable of the SDK's, then AWS_ENDPOINT_URL.

    Raises SettingInvalid, naming the variable.
    """
    names = (service_variable, "AWS_ENDPOINT_URL")
    name = next((each for each in names if _get(env, each)), None)
    url = _url(env, name) if name else None
    if url and urlsplit(url).path.strip("/"):
        raise SettingInvalid(str(name), "an address without a path: calls are signed for none")
    return url


def secret_id(env: Environment | None = None) -> str:
    """The secret's name in Secrets Manager."""
    return _get(env, "INTELLIGENCE_API_SECRET_ID") or SECRET_VARIABLE


def load_secret(fetch: Callable[[str], str], env: Environment | None = None) -> None:
    """Set INTELLIGENCE_API_SECRET in the environment; a value already there wins, at no call.

    `fetch` gets the secret's name. Raises what it raises: SecretUnavailable.
    """
    if not _get(env, SECRET_VARIABLE):
        _environment(env)[SECRET_VARIABLE] = fetch(secret_id(env))


def _environment(env: Environment | None) -> Environment:
    return os.environ if env is None else env


def _get(env: Environment | None, name: str) -> str:
    return _environment(env).get(name, "").strip()


def _required(env: Environment | None, name: str, what: str) -> str:
    value = _get(env, name)
    if not value:
        how = f"set the environment variable {name} to {what} (infra/template.yaml does)"
        raise SettingMissing(name, how)
    return value


def _number(
    env: Environment | None, name: str, default: float, least: float, most: float = MOST
) -> float:
    text = _get(env, name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise SettingInvalid(name, f"a number from {least:g} to {most:,}")
    return value


def _flag(env: Environment | None, name: str) -> bool:
    text = _get(env, name).lower() or "false"
    if text not in ("true", "false"):
        raise SettingInvalid(name, "true or false")
    return text == "true"


def _url(env: Environment | None, name: str, default: str = "") -> str:
    value = _get(env, name) or default
    if not _is_address(value):
        raise SettingInvalid(name, "an address that starts with https:// (or http://)")
    if "@" in urlsplit(value).netloc:
        raise SettingInvalid(name, "an address without a name or a password before its host")
    return value


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and url.isprintable() and " " not in url
