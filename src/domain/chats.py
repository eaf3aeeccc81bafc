"""An inbound message placed in a session: a row of `chats`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from domain.inbound import ParsedMessage

INBOUND = "inbound"


class ChatKey(NamedTuple):
    """The primary key of `chats`."""

    sender_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A parsed message with its identity and its place; `created_at` in exact epoch seconds."""

    message_id: str
    created_at: Decimal
    parsed: ParsedMessage

    @property
    def sender_id(self) -> str:
        return self.parsed.sender_id

    @property
    def key(self) -> ChatKey:
        return ChatKey(self.sender_id, self.message_id)


def chat_item(message: InboundMessage, session_id: str, stored_at: Decimal) -> dict[str, Any]:
    """The item as the reply service reads it, our further keys beside the fixed ones.

    `stored_at` (epoch seconds, milliseconds) is the moment of the write: what a
    notification covers is decided by it, since a redriven message is stored long
    after its place in the conversation.
    """
    parsed = message.parsed
    return {
        "sender_id": message.sender_id,
        "message_id": message.message_id,
        "session_id": session_id,
        "chat_type": INBOUND,
        "created_at": message.created_at,
        "stored_at": stored_at,
        "channel": parsed.channel,
        "message_type": parsed.message_type,
        "content": dict(parsed.content),
        "sender_info": dict(parsed.sender),
        "metadata": {**parsed.metadata, "message_id": message.message_id},
    }


def message_from_dict(parsed: Mapping[str, Any], created_at: Decimal) -> InboundMessage:
    """Turn `parse_message_body`'s shape, `created_at` beside it or not, into a message.

    Raises ValueError naming the key that is missing or no inbound message's.
    """
    try:
        message = ParsedMessage(
            **{name: parsed[name] for name in ("message_type", "channel", "sender", "content")},
            metadata=parsed["metadata"],
            raw=parsed.get("raw", {}),
        )
        message_id, sender_id = message.metadata["message_id"], message.sender["id"]
    except KeyError as missing:
        raise ValueError(f"not a parsed inbound message: {missing.args[0]} is missing") from None
    if not message_id or not sender_id:
        raise ValueError("a parsed message needs sender.id and metadata.message_id")
    return InboundMessage(str(message_id), Decimal(parsed.get("created_at", created_at)), message)
