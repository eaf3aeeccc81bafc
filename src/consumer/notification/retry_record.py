"""A record of the retry queue (our JSON): a notification, and when it was scheduled for.

It holds keys only; the text stays in `chats`. Odd records are rejected with a reason.
"""

import json
from collections.abc import Mapping
from typing import Any

from consumer.notification.notification import Notification, RejectedNotification
from consumer.text import as_mapping, as_text, clean, parse_number
from consumer.webhook.parse import MAX_MESSAGE_ID_BYTES, MAX_SENDER_ID_BYTES

_LARGEST_ATTEMPT = 1_000_000
_LATEST_WAKE_AT = 1e11
# A key that DynamoDB refuses would spoil the read of all senders.
_KEY_BYTES = {
    "sender_id": MAX_SENDER_ID_BYTES,
    "message_id": MAX_MESSAGE_ID_BYTES,
    "session_id": MAX_SENDER_ID_BYTES,
    "text_id": MAX_MESSAGE_ID_BYTES,
}


def read_retry_record(raw: object) -> Notification | RejectedNotification:
    """Decode a record of the retry queue; one without `wake_at` was due when it was sent."""
    body = as_mapping(raw).get("body")
    text = body if isinstance(body, str) else "{}"
    rejected = RejectedNotification(record_id(raw), text, "retry record that cannot be read")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return rejected
    return _notification_of(as_mapping(fields)) or rejected


def record_id(raw: object) -> str:
    """The id by which SQS knows a record; blank when there is none."""
    return as_text(as_mapping(raw).get("messageId"))


def retry_body(notification: Notification) -> str:
    """The body of a record of the retry queue."""
    fields: dict[str, Any] = {
        "sender_id": notification.sender_id,
        "message_id": notification.message_id,
        "session_id": notification.session_id,
        "stored_at": str(notification.stored_at),
        "attempt": notification.attempt,
        "text_id": notification.text_id,
        "wake_at": f"{notification.wake_at or 0:.3f}",
    }
    if notification.is_replay:
        fields["is_replay"] = True
    return json.dumps(fields, separators=(",", ":"))


def _notification_of(fields: Mapping[str, Any]) -> Notification | None:
    keys = {name: as_text(fields.get(name)) for name in _KEY_BYTES}
    attempt, moment = fields.get("attempt"), parse_number(as_text(fields.get("stored_at")))
    if not (keys["sender_id"] and keys["message_id"]) or moment is None:
        return None
    if type(attempt) is not int or not 0 < attempt <= _LARGEST_ATTEMPT:
        return None
    if any(clean(key) != key or len(key.encode()) > _KEY_BYTES[name] for name, key in keys.items()):
        return None
    return Notification(
        keys["sender_id"],
        keys["message_id"],
        keys["session_id"],
        moment,
        attempt,
        text_id=keys["text_id"],
        wake_at=_wake_at(fields),
        is_replay=fields.get("is_replay") is True,
    )


def _wake_at(fields: Mapping[str, Any]) -> float:
    """In epoch seconds, to the millisecond that a body holds; any odd one has passed."""
    stated = parse_number(as_text(fields.get("wake_at")))
    wake_at = float(stated) if stated is not None else 0.0
    return round(wake_at, 3) if 0 <= wake_at < _LATEST_WAKE_AT else 0.0
