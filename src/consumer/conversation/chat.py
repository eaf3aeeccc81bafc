"""An inbound message placed in a session: a row of `chats`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumer.text import clean, parse_number, storable
from consumer.webhook.message import InboundMessage

INBOUND = "inbound"
OUTBOUND = "outbound"

DAY_SECONDS = 24 * 3600

# Keys that every chat has, each as a body without it is read.
_ABSENT: dict[str, dict[str, Any]] = {
    "sender": {"name": None, "phone": None},
    "content": {"text": "", "media_count": 0, "segments": None},
    "metadata": {"account_id": None, "status": None, "channel_data": None},
}


def chat_item(
    message: InboundMessage, session_id: str, stored_at: Decimal, retention_seconds: int = 0
) -> dict[str, Any]:
    """The item as the reply service reads it, our further keys beside the fixed ones.

    `stored_at` (epoch seconds, milliseconds) is the moment of the write: what a
    notification covers is decided by it, since a redriven message is stored long
    after its place in the conversation. DynamoDB removes an item some time after its
    `expires_at`, which it has only where a retention is set.
    """
    expiry = {"expires_at": int(stored_at) + retention_seconds} if retention_seconds else {}
    return {
        "sender_id": message.sender_id,
        "message_id": message.message_id,
        "session_id": session_id,
        "chat_type": INBOUND,
        "created_at": message.created_at,
        "stored_at": stored_at,
        "channel": message.channel,
        "message_type": message.message_type,
        "content": dict(message.content),
        "sender_info": dict(message.sender),
        "metadata": {**message.metadata, "message_id": message.message_id},
        **expiry,
    }


def message_from_dict(parsed: Mapping[str, Any], now: Decimal) -> InboundMessage:
    """Turn `parse_message_body`'s shape into a message, its place `created_at` beside it or now.

    Fixed keys that are missing are filled in as a body without them is read; what is there
    becomes what DynamoDB can hold. Raises ValueError naming what is missing, what cannot be
    held, or what is no inbound message's.
    """
    parts = {name: _part(parsed, name) for name in _ABSENT}
    kind, channel = _text(parsed, "message_type"), _text(parsed, "channel")
    message_id, sender_id = _text(parts["metadata"], "message_id"), _text(parts["sender"], "id")
    if not (message_id and sender_id and kind and channel):
        raise ValueError(
            "a parsed message needs message_type, channel, sender.id and metadata.message_id"
            " as text"
        )
    raw, place = parsed.get("raw", {}), _place(parsed, now)
    return InboundMessage(**parts, message_type=kind, channel=channel, raw=raw, created_at=place)


def _text(parsed: Mapping[str, Any], name: str) -> str:
    value = parsed.get(name)
    return clean(value) if isinstance(value, str) else ""


def _part(parsed: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = parsed.get(name) if isinstance(parsed, Mapping) else None
    if not isinstance(part, dict):
        raise ValueError(f"not a parsed inbound message: {name} is missing")
    read = dict(_ABSENT[name])
    for key, value in part.items():
        try:
            read |= storable({key: value}, level=-1)
        except ValueError as error:
            raise ValueError(f"{name}.{key} cannot be stored: {error}") from None
    return read


def _place(parsed: Mapping[str, Any], now: Decimal) -> Decimal:
    moment = parse_number(str(parsed["created_at"])) if "created_at" in parsed else now
    if moment is None:
        raise ValueError("created_at is no number that the table can hold")
    if moment > now + DAY_SECONDS:
        raise ValueError(
            "created_at lies ahead of the clock: it is epoch seconds, not milliseconds"
        )
    return moment
