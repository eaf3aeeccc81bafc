"""A person's rows in the three tables, by sender id.

Of a session whose id was made with the session key the id stays, in a row that says nothing else:
the person who comes back would get the same one again. Any other id cannot come again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumer.conversation.session import is_keyed
from consumer.conversation.session_table import erased_item
from unc.aws.tables import Item, Tables

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

_ROWS_PER_CALL = 25


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
    own = [row for row in sessions.values() if row.get("sender_id") in sender_ids]
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
    """Take the rows away, chats last: whoever is interrupted finds the rest by them."""
    names = tables.resources
    _write(tables, names.notification_table, _deletions(["sender_id"], records.notifications))
    _write(tables, names.session_table, map(_without_person, records.sessions))
    _write(tables, names.chat_table, _deletions(["sender_id", "message_id"], records.chats))


def _without_person(session: Item) -> WriteRequestTypeDef:
    """Return the request that takes a session away, or leaves its id alone."""
    session_id = session["session_id"]
    if not is_keyed(session_id):
        return {"DeleteRequest": {"Key": {"session_id": {"S": session_id}}}}
    return {"PutRequest": {"Item": erased_item(session_id, secrets.token_hex(16))}}


def _deletions(key: Sequence[str], rows: Iterable[Item]) -> Iterator[WriteRequestTypeDef]:
    for row in rows:
        yield {"DeleteRequest": {"Key": {name: {"S": row[name]} for name in key}}}


def _write(tables: Tables, table: str, requests: Iterable[WriteRequestTypeDef]) -> None:
    """Make requests until DynamoDB has taken every one."""
    waiting = list(requests)
    for start in range(0, len(waiting), _ROWS_PER_CALL):
        left: Any = {table: waiting[start : start + _ROWS_PER_CALL]}
        while left:
            left = tables.aws.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]
