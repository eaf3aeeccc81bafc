"""DynamoDB as far as the measured code uses it: rows in memory, units counted by its rules.

Conditions are kept for puts (`attribute_not_exists`) and taken to hold for updates: nothing
that is measured here races.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import Any

from benchmarks.counts import Counts
from unc.units import Item, index_write_units, item_bytes, read_units, write_units

Request = dict[str, Any]
Answer = dict[str, Any]

KEYS = {
    "sessions": ("session_id",),
    "chats": ("sender_id", "message_id"),
    "notifications": ("sender_id",),
}
INDEXES = {
    "sessions": {
        "SenderSessionsIndex": ("sender_id", "created_at"),
        "StatusIndex": ("status", "created_at"),
    },
    "chats": {
        "ChatTypeIndex": ("chat_type", "created_at"),
        "SenderTimeIndex": ("sender_id", "created_at"),
        "SessionIndex": ("session_id", "created_at"),
    },
    "notifications": {},
}
CONDITION_FAILED = "ConditionalCheckFailed"


class Refusal(Exception):
    """An error answer of DynamoDB; `answer` is its body."""

    def __init__(self, code: str, **content: Any) -> None:
        super().__init__(code)
        self.answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **content}


@dataclass
class Table:
    """Rows by key; of sessions also by sender, the newest last."""

    name: str
    rows: dict[tuple[str, ...], Item] = field(default_factory=dict)
    by_sender: dict[str, list[Item]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the last word of the name: `ours-chats` is of the kind `chats`."""
        return self.name.rpartition("-")[2]

    def key_of(self, item: Item) -> tuple[str, ...]:
        """Return the key as text."""
        return tuple(str(item[name]["S"]) for name in KEYS[self.kind])

    def store(self, item: Item) -> None:
        """Put a row."""
        key = self.key_of(item)
        if self.kind == "sessions" and key not in self.rows:
            of_sender = self.by_sender.setdefault(item["sender_id"]["S"], [])
            insort(of_sender, item, key=lambda each: float(each["created_at"]["N"]))
        self.rows[key] = item


class Tables:
    """Answers operations by name and counts their units."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._tables: dict[str, Table] = {}

    def answer(self, operation: str, request: Request) -> Answer:
        """Answer one operation; raises Refusal for an error of DynamoDB's own."""
        return {
            "Query": self.query,
            "BatchGetItem": self.batch_get,
            "BatchWriteItem": self.batch_write,
            "PutItem": self.put_item,
            "UpdateItem": self.update_item,
            "TransactWriteItems": self.transact,
        }[operation](request)

    def table(self, name: str) -> Table:
        """Return the table, made when first named."""
        return self._tables.setdefault(name, Table(name))

    def query(self, request: Request) -> Answer:
        """Give the newest rows of one sender, the value that `sender_id = :x` ends with."""
        name = request["TableName"]
        placeholder = request["KeyConditionExpression"].rpartition(" ")[2]
        sender = request["ExpressionAttributeValues"][placeholder]["S"]
        found = self.table(name).by_sender.get(sender, [])
        items = found[-request.get("Limit", len(found)) :][::-1]
        units = read_units(sum(map(item_bytes, items)))
        self._counts.read_units[f"{name}/{request['IndexName']}"] += units
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def batch_get(self, request: Request) -> Answer:
        """Give the rows that exist."""
        responses: dict[str, list[Item]] = {}
        for name, wanted in request["RequestItems"].items():
            table = self.table(name)
            consistent = bool(wanted.get("ConsistentRead"))
            rows = [table.rows.get(table.key_of(key)) for key in wanted["Keys"]]
            self._counts.read_units[name] += sum(
                read_units(item_bytes(row or {}), consistent) for row in rows
            )
            responses[name] = [row for row in rows if row is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def batch_write(self, request: Request) -> Answer:
        """Put rows without conditions."""
        for name, requests in request["RequestItems"].items():
            for each in requests:
                self.write(name, each["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def put_item(self, request: Request) -> Answer:
        """Put a row, unless a condition forbids it."""
        if self.is_taken(request):
            raise Refusal("ConditionalCheckFailedException", Item=self.present(request))
        self.write(request["TableName"], request["Item"])
        return {}

    def update_item(self, request: Request) -> Answer:
        """Set attributes of a row."""
        self.write(request["TableName"], self.updated(request))
        return {}

    def transact(self, request: Request) -> Answer:
        """Apply all actions, or none when one of their conditions fails."""
        actions = [next(iter(each.items())) for each in request["TransactItems"]]
        taken = [kind == "Put" and self.is_taken(action) for kind, action in actions]
        if any(taken):
            reasons = [{"Code": CONDITION_FAILED if each else "None"} for each in taken]
            raise Refusal("TransactionCanceledException", CancellationReasons=reasons)
        for kind, action in actions:
            item = action["Item"] if kind == "Put" else self.updated(action)
            self.write(action["TableName"], item, in_transaction=True)
        return {}

    def write(self, name: str, item: Item, in_transaction: bool = False) -> None:
        """Store a row and count it in the table and in each index."""
        table = self.table(name)
        old = table.rows.get(table.key_of(item))
        size = max(item_bytes(item), item_bytes(old or {}))
        self._counts.write_units[name] += write_units(size, in_transaction)
        for index, keys in INDEXES[table.kind].items():
            units = index_write_units(old, item, keys)
            if units:
                self._counts.write_units[f"{name}/{index}"] += units
        table.store(item)

    def is_taken(self, action: Request) -> bool:
        """Say whether the action may only create, and the row is there."""
        condition = action.get("ConditionExpression", "")
        return condition.startswith("attribute_not_exists") and self.present(action) is not None

    def present(self, action: Request) -> Item | None:
        """Return the row that a put would replace."""
        table = self.table(action["TableName"])
        return table.rows.get(table.key_of(action["Item"]))

    def updated(self, action: Request) -> Item:
        """Return the row as `SET a = :x, b = :y` leaves it."""
        table = self.table(action["TableName"])
        values = action["ExpressionAttributeValues"]
        parts = action["UpdateExpression"].removeprefix("SET ").split(",")
        pairs = [part.split("=") for part in parts]
        changes = {name.strip(): values[value.strip()] for name, value in pairs}
        return {**table.rows.get(table.key_of(action["Key"]), action["Key"]), **changes}
