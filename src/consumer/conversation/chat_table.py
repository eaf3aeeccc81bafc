"""Every DynamoDB expression of the `chats` table."""

from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item, to_item
from consumer.aws.dynamodb import Read
from consumer.conversation.chat import OUTBOUND, chat_item
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


def newest_chats_query(table: str, sender_id: str, limit: int) -> dict[str, Any]:
    """The sender's newest chats, as the lagging index has them; the newest first."""
    return {
        "TableName": table,
        "IndexName": "SenderTimeIndex",
        "KeyConditionExpression": "sender_id = :sender_id",
        "ExpressionAttributeValues": {":sender_id": {"S": sender_id}},
        "ScanIndexForward": False,
        "Limit": limit,
    }


def replies_query(table: str, sender_id: str, since: int) -> dict[str, Any]:
    """Outbound chats from that second on (epoch seconds), as the lagging index has them."""
    return {
        "TableName": table,
        "IndexName": "SenderTimeIndex",
        "KeyConditionExpression": "sender_id = :sender_id AND created_at >= :since",
        "FilterExpression": "chat_type = :outbound",
        "ProjectionExpression": "message_id",
        "ExpressionAttributeValues": _since_values(sender_id, since),
    }


def replies_scan(table: str, sender_id: str, since: int) -> dict[str, Any]:
    """The same, read consistently through all of the sender's chats."""
    return {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": "sender_id = :sender_id",
        "FilterExpression": "chat_type = :outbound AND created_at >= :since",
        "ProjectionExpression": "message_id",
        "ExpressionAttributeValues": _since_values(sender_id, since),
    }


def _since_values(sender_id: str, since: int) -> Item:
    return {
        ":sender_id": {"S": sender_id},
        ":outbound": {"S": OUTBOUND},
        ":since": {"N": str(since)},
    }


def _key(key: ChatKey) -> Item:
    return {"sender_id": {"S": key.sender_id}, "message_id": {"S": key.message_id}}
