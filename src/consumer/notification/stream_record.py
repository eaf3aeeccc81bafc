"""A record of the stream of `chats` (DynamoDB JSON): a new inbound message is a notification."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumer.conversation.chat import INBOUND
from consumer.notification.notification import Notification, RejectedNotification
from consumer.text import as_mapping, as_text, parse_number


def read_stream_record(raw: object) -> Notification | RejectedNotification | None:
    """Decode a stream record; None for anything but a new inbound message."""
    record = as_mapping(raw)
    change = as_mapping(record.get("dynamodb"))
    image = as_mapping(change.get("NewImage"))
    if record.get("eventName") != "INSERT" or _attribute(image, "chat_type", "S") != INBOUND:
        return None
    sender_id, message_id = (_attribute(image, key, "S") for key in ("sender_id", "message_id"))
    if not sender_id or not message_id:
        return RejectedNotification(_stream_id(record), "{}", "stream record without keys")
    return notification_of(image)


def notification_of(image: Mapping[str, Any]) -> Notification | None:
    """An inbound chat, in DynamoDB JSON, as a notification; None for any other chat."""
    if _attribute(image, "chat_type", "S") != INBOUND:
        return None
    created_at = parse_number(_attribute(image, "created_at", "N")) or Decimal(0)
    content = as_mapping(as_mapping(image.get("content")).get("M"))
    metadata = as_mapping(as_mapping(image.get("metadata")).get("M"))
    message_id, text = _attribute(image, "message_id", "S"), _attribute(content, "text", "S")
    return Notification(
        sender_id=_attribute(image, "sender_id", "S"),
        message_id=message_id,
        session_id=_attribute(image, "session_id", "S"),
        stored_at=parse_number(_attribute(image, "stored_at", "N")) or created_at,
        text=text,
        text_id=message_id if text.strip() else "",
        opt_out=_attribute(metadata, "opt_out_type", "S"),
        created_at=created_at,
    )


def _attribute(image: Mapping[str, Any], name: str, kind: str) -> str:
    return as_text(as_mapping(image.get(name)).get(kind))


def _stream_id(record: Mapping[str, Any]) -> str:
    return as_text(record.get("eventID"))
