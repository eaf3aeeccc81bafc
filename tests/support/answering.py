"""The tables and the retry queue as `unc pause` and `unc resume` use them, in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from consumer.aws.attribute_values import to_item
from unc.aws.tables import to_item as to_values

SENDER = "4915555550199"
_TEST = re.compile(r"attribute_not_exists\((\w+)\)|(#?\w+) = (:\w+)")


class ConditionFailed(Exception):
    """What boto3 raises where a condition does not hold."""


class AnsweringTables:
    """Stands in for `Tables`; `before_update` runs once, ahead of the next write of a session.

    `dies_at`: the number of the update, from 1, at which the process dies before it is applied.
    """

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.chats: list[dict[str, Any]] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.queued: list[dict[str, Any]] = []
        self.updates = 0
        self.dies_at = 0
        self.before_update: Callable[[], object] = lambda: None
        exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailed)
        dynamodb = SimpleNamespace(
            query=self._query, update_item=self._update, exceptions=exceptions
        )
        self.aws = SimpleNamespace(
            dynamodb=dynamodb, sqs=SimpleNamespace(send_message_batch=self._send)
        )
        self.resources = SimpleNamespace(
            session_table="sessions", chat_table="chats", reply_retry_queue="retries"
        )

    def open(self, session_id: str = "s1", created_at: int = 100, **more: Any) -> dict[str, Any]:
        """Open an active session of the sender."""
        row = {"session_id": session_id, "sender_id": SENDER, "status": "active"}
        self.sessions[session_id] = row | {"created_at": Decimal(created_at)} | more
        return self.sessions[session_id]

    def store(self, message_id: str, stored_at: str, **more: Any) -> None:
        """Store an inbound chat of the sender."""
        chat = {"sender_id": SENDER, "message_id": message_id, "session_id": "s1"}
        chat |= {"chat_type": "inbound", "created_at": Decimal(stored_at)}
        self.chats.append(chat | {"stored_at": Decimal(stored_at)} | more)

    def cover(self, through: str) -> None:
        self.rows[SENDER] = {"sender_id": SENDER, "through": Decimal(through)}

    def queued_ids(self) -> list[str]:
        return [each["message_id"] for each in self.queued]

    # What Tables reads

    def read_sessions(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {id: dict(self.sessions[id]) for id in ids if id in self.sessions}

    def read_conversation(self, sender_id: str) -> list[dict[str, Any]]:
        return [chat for chat in self.chats if chat["sender_id"] == sender_id]

    def read_notifications(self, senders: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {each: self.rows[each] for each in senders if each in self.rows}

    # What boto3's clients do

    def _query(self, **request: Any) -> dict[str, Any]:
        """The index of a sender's sessions; it names their ids only."""
        sender_id = request["ExpressionAttributeValues"][":sender"]["S"]
        found = [row for row in self.sessions.values() if row["sender_id"] == sender_id]
        newest = sorted(found, key=lambda row: row["created_at"], reverse=True)
        ids = [{"session_id": {"S": row["session_id"]}} for row in newest]
        return {"Items": ids[: request["Limit"]]}

    def _update(self, **request: Any) -> None:
        self.updates += 1
        if self.updates == self.dies_at:
            raise KeyboardInterrupt
        meanwhile, self.before_update = self.before_update, lambda: None
        meanwhile()
        row = self.sessions[request["Key"]["session_id"]["S"]]
        values = to_values(request["ExpressionAttributeValues"])
        names = request.get("ExpressionAttributeNames", {})
        if not _holds(request["ConditionExpression"], row, values, names):
            raise ConditionFailed
        _apply(request["UpdateExpression"], row, values)
        to_item(row)  # DynamoDB has a type for all of it

    def _send(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 (boto3's)
        assert QueueUrl == self.resources.reply_retry_queue
        self.queued += [json.loads(each["MessageBody"]) for each in Entries]
        return {"Successful": [{"Id": each["Id"], "MessageId": each["Id"]} for each in Entries]}


def _holds(
    condition: str, row: Mapping[str, Any], values: Mapping[str, Any], names: Mapping[str, str]
) -> bool:
    tests = condition.split(" AND ")
    found = [_TEST.fullmatch(test) for test in tests]
    assert all(found), condition
    return all(_is_true(test, row, values, names) for test in found if test)


def _is_true(
    test: re.Match[str], row: Mapping[str, Any], values: Mapping[str, Any], names: Mapping[str, str]
) -> bool:
    absent, name, value = test.groups()
    if absent:
        return absent not in row
    name = names.get(name, name)
    return name in row and bool(row[name] == values[value])


def _apply(change: str, row: dict[str, Any], values: Mapping[str, Any]) -> None:
    for verb, part in re.findall(r"(SET|REMOVE) (.*?)(?= (?:SET|REMOVE) |$)", change):
        for each in part.split(", "):
            name, _, value = each.partition(" = ")
            if verb == "SET":
                row[name] = values[value]
            else:
                row.pop(name, None)
