"""A record of the retry queue (our JSON): a notification that waits for its next attempt."""

import json
from collections.abc import Mapping
from typing import Any

from consumer.notification.notification import Notification, RejectedNotification
from consumer.text import as_mapping, as_text, clean, parse_number
from consumer.webhook.parse import MAX_MESSAGE_ID_BYTES, MAX_SENDER_ID_BYTES

_LONGEST_ATTEMPT = 1_000_000


_MOST_PREDECESSORS = 8


_LONGEST_TOKEN = 64


_KEY_BYTES = {
    "sender_id": MAX_SENDER_ID_BYTES,
    "message_id": MAX_MESSAGE_ID_BYTES,
    "session_id": MAX_SENDER_ID_BYTES,
}


def read_retry_record(raw: object) -> Notification | RejectedNotification:
    """Decode a record of the retry queue."""
    record = as_mapping(raw)
    body = record.get("body")
    rejected = RejectedNotification(
        record_id(raw),
        body if isinstance(body, str) else "{}",
        "retry record that cannot be read",
    )
    try:
        fields = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return rejected
    return _notification_of(as_mapping(fields)) or rejected


def record_id(raw: object) -> str:
    """The id by which SQS knows a record; blank when there is none."""
    return as_text(as_mapping(raw).get("messageId"))


def retry_body(notification: Notification) -> str:
    """The retry queue's body: keys only, the text stays in `chats`."""
    fields = {
        "sender_id": notification.sender_id,
        "message_id": notification.message_id,
        "session_id": notification.session_id,
        "stored_at": str(notification.stored_at),
        "attempt": notification.attempt,
        "after": notification.after[-_MOST_PREDECESSORS:],
    }
    return json.dumps(fields, separators=(",", ":"))


def _notification_of(fields: Mapping[str, Any]) -> Notification | None:
    keys = {name: as_text(fields.get(name)) for name in _KEY_BYTES}
    attempt, moment = fields.get("attempt"), parse_number(as_text(fields.get("stored_at")))
    if not (keys["sender_id"] and keys["message_id"]) or moment is None:
        return None
    if type(attempt) is not int or not 0 < attempt <= _LONGEST_ATTEMPT:
        return None
    if any(clean(key) != key or len(key.encode()) > _KEY_BYTES[name] for name, key in keys.items()):
        return None
    after = _tokens(fields.get("after", []))
    if after is None:
        return None
    sender_id, message_id, session_id = keys.values()
    return Notification(sender_id, message_id, session_id, moment, attempt, after=after)


def _tokens(value: object) -> tuple[str, ...] | None:
    """The tokens of earlier claims; None for what is no short list of them."""
    if not isinstance(value, list) or len(value) > _MOST_PREDECESSORS:
        return None
    tokens = tuple(each for each in value if isinstance(each, str))
    is_sound = len(tokens) == len(value) and all(
        each.isascii() and 0 < len(each) <= _LONGEST_TOKEN for each in tokens
    )
    return tokens if is_sound else None
