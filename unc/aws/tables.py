"""Every read of the tables that the tool makes, as plain Python values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from consumer.notification.notification import Notification
from unc.aws.resources import Resources
from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, Any]
_KEYS_PER_CALL = 100
_DESERIALIZER = TypeDeserializer()


@dataclass(frozen=True)
class Tables:
    """Reads over the three tables of one stack."""

    aws: Aws
    resources: Resources

    def read_chats(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the chats of (sender, message id) pairs that exist, consistently."""
        wanted = [{"sender_id": {"S": s}, "message_id": {"S": m}} for s, m in keys]
        return list(self._read_keys(self.resources.chat_table, wanted))

    def read_notifications(self, senders: Iterable[str]) -> dict[str, Item]:
        """Return how far the reply service was notified, by sender."""
        wanted = [{"sender_id": {"S": sender}} for sender in dict.fromkeys(senders)]
        rows = self._read_keys(self.resources.notification_table, wanted)
        return {row["sender_id"]: row for row in rows}

    def read_sessions(self, session_ids: Iterable[str]) -> dict[str, Item]:
        """Return sessions by id, consistently."""
        wanted = [{"session_id": {"S": one}} for one in dict.fromkeys(session_ids)]
        rows = self._read_keys(self.resources.session_table, wanted)
        return {row["session_id"]: row for row in rows}

    def _read_keys(
        self, table: str, keys: Sequence[Mapping[str, Mapping[str, str]]]
    ) -> Iterator[Item]:
        """Read items by key, a hundred a call, until none is left unprocessed."""
        for start in range(0, len(keys), _KEYS_PER_CALL):
            part = list(keys[start : start + _KEYS_PER_CALL])
            request: Mapping[str, Any] = {table: {"Keys": part, "ConsistentRead": True}}
            while request:
                found = self.aws.dynamodb.batch_get_item(RequestItems=request)
                yield from map(to_item, found["Responses"].get(table, []))
                request = found.get("UnprocessedKeys", {})

    def read_conversation(self, sender_id: str) -> list[Item]:
        """Return every chat of a sender, in no particular order."""
        return self.query(
            self.resources.chat_table,
            KeyConditionExpression="sender_id = :sender",
            ExpressionAttributeValues={":sender": {"S": sender_id}},
            ConsistentRead=True,
        )

    def read_outbound_since(self, session_id: str, moment: Decimal) -> list[Item]:
        """Return the outbound chats of a session since the whole second of a moment."""
        return self.query(
            self.resources.chat_table,
            IndexName="SessionIndex",
            KeyConditionExpression="session_id = :session AND created_at >= :since",
            FilterExpression="chat_type = :outbound",
            ExpressionAttributeValues={
                ":session": {"S": session_id},
                ":since": {"N": str(int(moment))},
                ":outbound": {"S": "outbound"},
            },
        )

    def read_latest_senders(self, limit: int = 100) -> list[str]:
        """Return who wrote last, newest first, among so many messages."""
        found = self.aws.dynamodb.query(
            TableName=self.resources.chat_table,
            IndexName="ChatTypeIndex",
            KeyConditionExpression="chat_type = :inbound",
            ExpressionAttributeValues={":inbound": {"S": "inbound"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return list(dict.fromkeys(item["sender_id"]["S"] for item in found["Items"]))

    def query(self, table: str, **arguments: Any) -> list[Item]:
        """Return all pages of a query."""
        pages = self.aws.dynamodb.get_paginator("query").paginate(TableName=table, **arguments)
        return [to_item(item) for page in pages for item in page["Items"]]


def stored_at(chat: Item) -> Decimal:
    """Return when a chat was written; a chat of a legacy consumer has only its place in time."""
    return Decimal(chat["stored_at"] if "stored_at" in chat else chat["created_at"])


def to_notification(chat: Item) -> Notification:
    """Return the notification that a stored chat is, as the notifier reads it."""
    return Notification(
        sender_id=chat["sender_id"],
        message_id=chat["message_id"],
        session_id=chat.get("session_id", ""),
        stored_at=stored_at(chat),
        created_at=chat["created_at"],
    )


def to_item(raw: Mapping[str, AttributeValueTypeDef]) -> Item:
    """Turn DynamoDB's typed values into Python's."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in raw.items()}
