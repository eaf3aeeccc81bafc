"""What a webhook body turns out to be: an inbound message, a status callback, or malformed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple


class ChatKey(NamedTuple):
    """What identifies a message: the primary key of `chats`."""

    sender_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One inbound message in normalized parts; `raw` holds the fields as they came.

    `created_at` is its place in the conversation, in exact epoch seconds; a body alone has none.
    """

    message_type: str
    channel: str
    sender: dict[str, Any]
    content: dict[str, Any]
    metadata: dict[str, Any]
    raw: dict[str, str] = field(repr=False)
    created_at: Decimal = Decimal(0)

    @property
    def sender_id(self) -> str:
        return str(self.sender["id"])

    @property
    def message_id(self) -> str:
        """The Sid; blank when the body names none."""
        return self.metadata["message_id"] or ""

    @property
    def key(self) -> ChatKey:
        return ChatKey(self.sender_id, self.message_id)


@dataclass(frozen=True, slots=True)
class StatusCallback:
    """A delivery receipt of a message somebody sent; never a chat."""

    metadata: dict[str, Any]
    raw: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that never parses; `reason` says why and shows nothing of the body."""

    reason: str
    raw: dict[str, str] = field(default_factory=dict, repr=False)


Parsed = InboundMessage | StatusCallback | Malformed


def as_dict(parsed: Parsed) -> dict[str, Any]:
    """The public shape of a parsed body; `message_type` tells callback and malformed apart."""
    match parsed:
        case InboundMessage():
            return {
                "message_type": parsed.message_type,
                "channel": parsed.channel,
                "sender": parsed.sender,
                "content": parsed.content,
                "metadata": parsed.metadata,
                "raw": parsed.raw,
            }
        case StatusCallback(metadata, raw):
            return _without_message("status_callback", metadata, raw)
        case Malformed(reason, raw):
            return _without_message("malformed", {"reason": reason}, raw)


def _without_message(kind: str, metadata: dict[str, Any], raw: dict[str, str]) -> dict[str, Any]:
    empty: dict[str, Any] = {"channel": None, "sender": {}, "content": {}}
    return {"message_type": kind, **empty, "metadata": metadata, "raw": raw}
