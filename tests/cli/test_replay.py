"""One notification once more: above all that is covered, below all that is to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from consumer.notification.notification import Notification
from consumer.notification.retry_record import read_retry_record
from unc.dlq.stream_position import StreamPosition
from unc.dlq.unnotified import find_unnotified
from unc.errors import BadInput
from unc.messages.replay import Replay, plan_replay, queue_replay, render_replay

SENDER = "4915555550101"
NOW = 1_795_000_000.0
STORED = Decimal("1794999000.123456")


class FakeTables:
    """The reads of Tables that are needed here."""

    def __init__(self) -> None:
        self.chats: list[dict[str, Any]] = []
        self.pages = 0
        self.rows: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.resources = SimpleNamespace(chat_table="chats")
        self.aws = SimpleNamespace(dynamodb=SimpleNamespace(get_paginator=lambda name: self))

    def add(self, id: str, place: str, kind: str = "inbound", **more: Any) -> dict[str, Any]:
        chat = {
            "sender_id": SENDER,
            "message_id": id,
            "session_id": "session",
            "chat_type": kind,
            "created_at": Decimal(place),
            "stored_at": STORED,
            **more,
        }
        self.chats.append(chat)
        return chat

    def read_conversation(self, sender_id: str) -> list[dict[str, Any]]:
        return [chat for chat in self.chats if chat["sender_id"] == sender_id]

    def read_notifications(self, senders: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {sender: self.rows[sender] for sender in senders if sender in self.rows}

    def read_sessions(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {id: self.sessions[id] for id in ids if id in self.sessions}

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """The index, newest first, a chat a page."""
        id = arguments["ExpressionAttributeValues"][":id"]["S"]
        for chat in sorted(self.chats, key=lambda one: -one["created_at"]):
            self.pages += 1
            found = [chat] if chat["message_id"] == id else []
            yield {"Items": [{"sender_id": {"S": one["sender_id"]}} for one in found]}

    def query(self, table: str, **arguments: Any) -> list[dict[str, Any]]:
        values = arguments["ExpressionAttributeValues"]
        first, last = (Decimal(values[name]["N"]) for name in (":first", ":last"))
        return [chat for chat in self.chats if first <= chat["created_at"] <= last]


@pytest.fixture
def tables() -> FakeTables:
    return FakeTables()


def plan(tables: FakeTables, sender: str = SENDER) -> Replay:
    return plan_replay(tables, sender, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("sender", [SENDER, f"+{SENDER}", f"whatsapp:+{SENDER}"])
def test_the_newest_inbound_message_by_place_is_notified(tables: FakeTables, sender: str) -> None:
    tables.add("older", "100")
    tables.add("newest", "300.5")
    tables.add("redriven", "200", stored_at=STORED + 50)
    tables.add("reply", "400", kind="outbound")
    replay = plan(tables, sender)
    assert (replay.message_id, replay.session_id) == ("newest", "session")
    assert replay.placed_at == Decimal("300.5")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"through": STORED},
        {"turn": {"stored_at": STORED}},
        {"through": STORED, "turn": {"stored_at": STORED + 7}},
        {"through": STORED, "pending": {"stored_at": STORED + 8}},
        {"through": STORED + 9},
    ],
    ids=[
        "never notified",
        "notified",
        "turn open",
        "newer turn open",
        "newer pending",
        "newer notified",
    ],
)
def test_no_row_covers_it_whatever_was_notified_or_waits(
    tables: FakeTables, row: dict[str, Any]
) -> None:
    """And a message stored the smallest step later is not covered by it."""
    tables.add("newest", "300")
    tables.rows[SENDER] = row
    replay = plan(tables)
    record = read_retry_record({"messageId": "1", "body": sent(replay)})
    assert isinstance(record, Notification)
    held = [row[name]["stored_at"] for name in ("turn", "pending") if name in row]
    highest = max([STORED, row.get("through", STORED), *held])
    assert replay.stored_at == highest + Decimal("0.000001")


def test_planned_twice_before_it_is_sent_it_is_the_same_notification(tables: FakeTables) -> None:
    tables.add("newest", "300")
    assert sent(plan(tables)) == sent(plan(tables))


def sent(replay: Replay) -> str:
    calls: list[dict[str, str]] = []
    sqs = SimpleNamespace(send_message=lambda **call: calls.append(call))
    resources = SimpleNamespace(reply_retry_queue="retries")
    queue_replay(SimpleNamespace(sqs=sqs), resources, replay)  # type: ignore[arg-type]
    [call] = calls
    assert call["QueueUrl"] == "retries"
    return call["MessageBody"]


def test_a_chat_of_an_older_consumer_counts_by_its_place(tables: FakeTables) -> None:
    del tables.add("newest", "300")["stored_at"]
    assert plan(tables).stored_at == Decimal("300.000001")


def test_a_sender_is_known_by_any_message_of_theirs(tables: FakeTables) -> None:
    """The logs name the message; of the sender they show four characters only."""
    asked = f"SM{7:032x}"
    tables.add("newest", "300")
    tables.add(asked, "200")
    tables.add("oldest", "100")
    assert plan(tables, asked).message_id == "newest"
    assert tables.pages == 2


@pytest.mark.parametrize("asked", [f"SM{8:032x}", "0b5c0f1e-0000-4000-8000-0123456789ab"])
def test_a_message_that_nobody_wrote_is_refused(tables: FakeTables, asked: str) -> None:
    tables.add("newest", "300")
    with pytest.raises(BadInput, match=asked):
        plan(tables, asked)


@pytest.mark.parametrize("sender", ["4900", "", "whatsapp:"])
def test_an_unknown_sender_is_refused(tables: FakeTables, sender: str) -> None:
    tables.add("newest", "300")
    with pytest.raises(BadInput, match="no inbound message"):
        plan(tables, sender)


def test_a_sender_who_never_wrote_is_refused(tables: FakeTables) -> None:
    """A reply alone is nothing to tell about."""
    tables.add("reply", "300", kind="outbound")
    with pytest.raises(BadInput, match="no inbound message"):
        plan(tables)


@pytest.mark.parametrize(
    ("until", "limited"),
    [
        ("2999-01-01T00:00:00", True),
        ("2999-01-01T00:00:00+02:00", True),
        ("2001-01-01T00:00:00", False),
        ("soon", False),
        (None, False),
    ],
)
def test_a_limited_session_is_mentioned(
    tables: FakeTables, until: str | None, limited: bool
) -> None:
    tables.add("newest", "300")
    tables.sessions["session"] = {"session_id": "session", "user_limited_until": until}
    replay = plan(tables)
    said = "\n".join(render_replay(replay))
    assert ("limited until" in said) is limited
    assert "second answer" in said
    assert (replay.as_json()["limited_until"] == until) is (limited or until is None)


def test_chats_of_the_minutes_without_a_notification_are_found(tables: FakeTables) -> None:
    """Of each sender the newest, unless the row reaches so far."""
    since = float(STORED)
    position = StreamPosition("stream", "shard", "1", "2", 5, since, since + 3)
    place = str(int(STORED))
    for sender in ("unnotified", "notified", "elsewhere"):
        tables.add(f"{sender}-1", place, sender_id=sender)
        tables.add(f"{sender}-2", place, sender_id=sender, stored_at=STORED + 1)
    tables.rows["notified"] = {"through": STORED + 1}
    tables.rows["unnotified"] = {"through": STORED}
    for chat in tables.chats[-2:]:
        chat["stored_at"] = STORED + 10_000
    found = find_unnotified(tables, position)  # type: ignore[arg-type]
    assert [each.message_id for each in found] == ["unnotified-2"]


def test_without_moments_nothing_is_looked_for(tables: FakeTables) -> None:
    position = StreamPosition("stream", "shard", "1", "2", 5, None, None)
    assert find_unnotified(tables, position) == []  # type: ignore[arg-type]
