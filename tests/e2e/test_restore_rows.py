"""Which rows of a copy are written into its table, and which are left as they are."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.world import World
from unc.aws.session import Aws
from unc.restore.rows import RESTORING, Choice, Counts, Pair, count_rows, write_rows

pytestmark = pytest.mark.emulator

SENDER = "4915555550177"
MANY = 250
LONG_AGO, FAR_AHEAD = "1000", str(int(time.time()) + 1_000_000)


@dataclass
class Copied:
    """A table of sessions and its copy."""

    aws: Aws
    pair: Pair

    def put(self, *rows: dict[str, Any], into: str = "both") -> None:
        tables = {"both": [self.pair.table, self.pair.copy], "table": [self.pair.table]}
        for table in tables.get(into, [self.pair.copy]):
            for row in rows:
                self.aws.dynamodb.put_item(TableName=table, Item=row)

    def table(self) -> list[dict[str, Any]]:
        found = self.aws.dynamodb.scan(TableName=self.pair.table)["Items"]
        return sorted((dict(row) for row in found), key=lambda row: row["session_id"]["S"])

    def write(self, choice: Choice | None = None) -> Counts:
        choice = choice or Choice()
        counted = count_rows(self.aws, self.pair, choice)
        written = write_rows(self.aws, self.pair, choice)
        assert (written.missing, written.changed) == (counted.missing, counted.changed)
        return written


@pytest.fixture
def copied(world: World) -> Iterator[Copied]:
    aws = world.stack.aws
    names = ("rows", "rows-restore-1")
    like = aws.dynamodb.describe_table(TableName="sessions")["Table"]
    indexes = [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in like["GlobalSecondaryIndexes"]  # type: ignore[misc]
    ]
    for name in names:
        aws.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=like["AttributeDefinitions"],
            KeySchema=like["KeySchema"],
            GlobalSecondaryIndexes=indexes,  # type: ignore[arg-type]
            BillingMode="PAY_PER_REQUEST",
        )
    yield Copied(aws, Pair(names[0], names[1], ("session_id",)))
    for name in names:
        aws.dynamodb.delete_table(TableName=name)


def _session(id: str, created_at: int, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "session_id": {"S": id},
        "sender_id": {"S": SENDER},
        "status": {"S": status},
        "created_at": {"N": str(created_at)},
        **more,
    }


def test_rows_of_the_copy_come_back_and_others_stay(copied: Copied) -> None:
    rows = [_session(f"{n:03}", n) for n in range(MANY)]
    copied.put(*rows, into="copy")
    copied.put(*rows[: MANY // 2], _session("since", MANY), into="table")
    copied.put(_session("000", 0, user_limited_until={"S": "2027-01-01T00:00:00"}), into="table")
    assert copied.write() == Counts(missing=MANY // 2, changed=1)
    assert copied.table() == [*rows, _session("since", MANY)]
    assert copied.write() == Counts()


def test_changed_rows_may_be_left_as_they_are(copied: Copied) -> None:
    copied.put(_session("changed", 1), _session("missing", 2), into="copy")
    copied.put(_session("changed", 1, note={"S": "newer"}), into="table")
    assert copied.write(Choice(missing_only=True)) == Counts(missing=1)
    assert copied.table()[0]["note"] == {"S": "newer"}


def test_an_active_session_that_another_has_followed_comes_back_as_completed(
    copied: Copied,
) -> None:
    copied.put(_session("lost", 1, "active"), _session("ended", 2, "active"), into="copy")
    copied.put(_session("ended", 2), _session("newest", 3, "active"), into="table")
    assert copied.write() == Counts(missing=1)
    assert [row["status"]["S"] for row in copied.table()] == ["completed", "completed", "active"]


def test_a_sender_s_newest_session_comes_back_as_active(copied: Copied) -> None:
    copied.put(_session("newest", 2, "active"), into="copy")
    copied.put(_session("older", 1), into="table")
    assert copied.write() == Counts(missing=1)
    assert copied.table()[0]["status"] == {"S": "active"}


def test_what_has_expired_stays_away(copied: Copied) -> None:
    copied.put(_session("gone", 1, expires_at={"N": LONG_AGO}), into="copy")
    copied.put(_session("kept", 2, expires_at={"N": FAR_AHEAD}), into="copy")
    assert copied.write() == Counts(missing=1)
    assert [row["session_id"]["S"] for row in copied.table()] == ["kept"]


def test_the_first_of_two_writes_leaves_no_row_for_ever(copied: Copied) -> None:
    """Should nobody finish it, it expires as the row would have."""
    chat = _session("chat", 1, chat_type={"S": "inbound"}, expires_at={"N": FAR_AHEAD})
    copied.put(chat, into="copy")
    requests: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        requests.append(params["Item"])

    events = copied.aws.dynamodb.meta.events
    events.register("provide-client-params.dynamodb.PutItem", note)
    try:
        assert copied.write() == Counts(missing=1)
    finally:
        events.unregister("provide-client-params.dynamodb.PutItem", note)
    first = {"session_id": {"S": "chat"}, "chat_type": RESTORING, "expires_at": {"N": FAR_AHEAD}}
    assert requests == [first, chat]


@pytest.mark.parametrize("before", [None, _session("busy", 1, note={"S": "as read"})])
def test_a_row_that_changes_meanwhile_is_not_overwritten(
    copied: Copied, before: dict[str, Any] | None
) -> None:
    copied.put(_session("busy", 1), into="copy")
    if before:
        copied.put(before, into="table")
    newer = _session("busy", 1, note={"S": "newer"})

    def overtake(**_: Any) -> None:
        copied.aws.dynamodb.meta.events.unregister(event, overtake)
        copied.put(newer, into="table")

    event = "provide-client-params.dynamodb.PutItem"
    copied.aws.dynamodb.meta.events.register(event, overtake)
    assert write_rows(copied.aws, copied.pair, Choice()).busy == 1
    assert copied.table() == [newer]
