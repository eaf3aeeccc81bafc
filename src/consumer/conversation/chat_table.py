"""Every DynamoDB expression of the `chats` table."""

from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item, to_item
from consumer.aws.dynamodb import Read
from consumer.conversation.chat import chat_item
from consumer.webhook.message import ChatKey, InboundMessage


def presence_read(table: str, key: ChatKey) -> Read:
    """Whether the chat is there: its keys only."""
    return Read(table, _key(key), "sender_id, message_id")


def text_read(table: str, key: ChatKey) -> Read:
    """The chat's content; `text` itself is a reserved word there."""
    return Read(table, _key(key), "sender_id, message_id, content")


def text_of(item: Item) -> str:
    return str(item.get("content", {}).get("M", {}).get("text", {}).get("S", ""))


def chat_put(
    table: str,
    message: InboundMessage,
    session_id: str,
    stored_at: Decimal,
    retention_seconds: int = 0,
) -> dict[str, Any]:
    """Store the message unless it is stored: what stands stays as it was."""
    return {
        "Put": {
            "TableName": table,
            "Item": to_item(chat_item(message, session_id, stored_at, retention_seconds)),
            "ConditionExpression": "attribute_not_exists(sender_id)",
        }
    }


def _key(key: ChatKey) -> Item:
    return {"sender_id": {"S": key.sender_id}, "message_id": {"S": key.message_id}}
