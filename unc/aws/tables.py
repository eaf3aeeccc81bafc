"""Every read of the tables that the tool makes, as plain Python values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from consumer.aws import attribute_values
from consumer.conversation.session import Session
from consumer.conversation.session_table import session_of
from consumer.notification.notification import Notification
from unc.aws.resources import Resources
from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, Any]
_KEYS_PER_CALL = 100
_SESSION_ATTRIBUTES = (
    "session_id",
    "sender_id",
    "status",
    "created_at",
    "updated_at",
    "user_limited_until",
    "paused_until",
    "limited_before_pause",
)
# A chart of more would only be slower.
_MOST_MOMENTS = 5_000
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
        newest = self.read_newest_inbound(None, limit)
        return list(dict.fromkeys(chat["sender_id"] for chat in newest))

    def read_session_chats(self, session_id: str, limit: int) -> list[Item]:
        """Return the newest chats of a session, newest first, as the index has them."""
        return self._read_newest("SessionIndex", "session_id", session_id, None, limit)

    def read_moments_since(self, chat_type: str, since: int) -> tuple[list[Decimal], bool]:
        """Return the `created_at` of a type's chats since a moment, and whether all were read."""
        pages = self.aws.dynamodb.get_paginator("query").paginate(
            TableName=self.resources.chat_table,
            IndexName="ChatTypeIndex",
            KeyConditionExpression="chat_type = :type AND created_at >= :since",
            ProjectionExpression="created_at",
            ExpressionAttributeValues={":type": {"S": chat_type}, ":since": {"N": str(since)}},
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": _MOST_MOMENTS},
        )
        moments = [Decimal(item["created_at"]["N"]) for page in pages for item in page["Items"]]
        return moments, len(moments) < _MOST_MOMENTS

    def read_newest_chats(self, sender_id: str, before: Decimal | None, limit: int) -> list[Item]:
        """Return a sender's newest chats before a moment, newest first, as the index has them."""
        return self._read_newest("SenderTimeIndex", "sender_id", sender_id, before, limit)

    def read_newest_inbound(self, before: Decimal | None, limit: int) -> list[Item]:
        """Return everybody's newest inbound chats before a moment, newest first."""
        return self._read_newest("ChatTypeIndex", "chat_type", "inbound", before, limit)

    def _read_newest(
        self, index: str, key: str, value: str, before: Decimal | None, limit: int
    ) -> list[Item]:
        """Return one page of an index, newest first."""
        values: dict[str, AttributeValueTypeDef] = {":value": {"S": value}}
        condition = f"{key} = :value"
        if before is not None:
            values[":before"] = {"N": str(before)}
            condition += " AND created_at < :before"
        found = self.aws.dynamodb.query(
            TableName=self.resources.chat_table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=limit,
        )
        return [to_item(item) for item in found["Items"]]

    def query(self, table: str, **arguments: Any) -> list[Item]:
        """Return all pages of a query."""
        pages = self.aws.dynamodb.get_paginator("query").paginate(TableName=table, **arguments)
        return [to_item(item) for page in pages for item in page["Items"]]


def stored_at(chat: Item) -> Decimal:
    """Return when a chat was written; a chat of a legacy consumer has only its place in time."""
    return Decimal(chat["stored_at"] if "stored_at" in chat else chat["created_at"])


def to_notification(chat: Item) -> Notification:
    """Return the notification that a stored chat is, as the notifier reads it, but its text."""
    text = (chat.get("content") or {}).get("text") or ""
    return Notification(
        sender_id=chat["sender_id"],
        message_id=chat["message_id"],
        session_id=chat.get("session_id", ""),
        stored_at=stored_at(chat),
        text_id=chat["message_id"] if text.strip() else "",
        opt_out=(chat.get("metadata") or {}).get("opt_out_type") or "",
        created_at=chat["created_at"],
    )


def to_session(row: Item) -> Session:
    """Return the session that a row is, as the functions read it."""
    known = {name: row[name] for name in _SESSION_ATTRIBUTES if name in row}
    return session_of(attribute_values.to_item(known))


def to_item(raw: Mapping[str, AttributeValueTypeDef]) -> Item:
    """Turn DynamoDB's typed values into Python's."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in raw.items()}
