"""A person's rows in the three tables, by sender id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unc.aws.tables import Item, Tables

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

_KEYS_PER_CALL = 25


@dataclass(frozen=True)
class PersonRecords:
    """Chats oldest first, sessions oldest first, and rows of notification state."""

    chats: list[Item]
    sessions: list[Item]
    notifications: list[Item]

    def __len__(self) -> int:
        return len(self.chats) + len(self.sessions) + len(self.notifications)


def read_records(tables: Tables, sender_ids: Sequence[str]) -> PersonRecords:
    """Read everything in the tables under some sender ids."""
    chats = [chat for id in sender_ids for chat in tables.read_conversation(id)]
    sessions = {row["session_id"]: row for id in sender_ids for row in _find_sessions(tables, id)}
    # The index lags; a session that has a chat is found by that.
    sessions |= tables.read_sessions(chat["session_id"] for chat in chats if chat.get("session_id"))
    own = [row for row in sessions.values() if row["sender_id"] in sender_ids]
    return PersonRecords(
        sorted(chats, key=lambda chat: chat["created_at"]),
        sorted(own, key=lambda row: row["created_at"]),
        list(tables.read_notifications(sender_ids).values()),
    )


def _find_sessions(tables: Tables, sender_id: str) -> list[Item]:
    return tables.query(
        tables.resources.session_table,
        IndexName="SenderSessionsIndex",
        KeyConditionExpression="sender_id = :sender",
        ExpressionAttributeValues={":sender": {"S": sender_id}},
    )


def delete_records(tables: Tables, records: PersonRecords) -> None:
    """Delete the rows, chats last: whoever is interrupted finds the rest by them."""
    names = tables.resources
    _delete(tables, names.notification_table, ["sender_id"], records.notifications)
    _delete(tables, names.session_table, ["session_id"], records.sessions)
    _delete(tables, names.chat_table, ["sender_id", "message_id"], records.chats)


def _delete(tables: Tables, table: str, key: Sequence[str], rows: Sequence[Item]) -> None:
    """Delete rows by key, until DynamoDB has taken every one."""
    for page in _pages(rows):
        requests: list[WriteRequestTypeDef] = [
            {"DeleteRequest": {"Key": {name: {"S": row[name]} for name in key}}} for row in page
        ]
        left: Any = {table: requests}
        while left:
            left = tables.aws.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]


def _pages(rows: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(rows), _KEYS_PER_CALL):
        yield rows[start : start + _KEYS_PER_CALL]
