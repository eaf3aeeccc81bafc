"""What arrives while `unc up` stays, in the order a reader expects."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from unc.local.live_view import Feed
from unc.local.reply_stand_in import ReceivedPost


def record(chat_type: str, text: str, event: str = "INSERT") -> dict[str, Any]:
    image = {
        "sender_id": {"S": "49"},
        "chat_type": {"S": chat_type},
        "created_at": {"N": "10"},
        "content": {"M": {"text": {"S": text}}},
    }
    return {"eventName": event, "dynamodb": {"NewImage": image}}


class FakeStream:
    """A stream of one shard that gives out what was put into it."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def describe_stream(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescription": {"Shards": [{"ShardId": "a"}]}}

    def get_shard_iterator(self, **_: Any) -> dict[str, str]:
        return {"ShardIterator": "next"}

    def get_records(self, **_: Any) -> dict[str, Any]:
        given, self.records = self.records, []
        return {"Records": given, "NextShardIterator": "next"}


def make_feed(stream: FakeStream) -> tuple[Feed, Any]:
    reply = SimpleNamespace(on_telling=None)
    stack: Any = SimpleNamespace(
        aws=SimpleNamespace(streams=stream),
        resources=SimpleNamespace(chat_stream="arn"),
        reply=reply,
    )
    return Feed(stack), reply


def test_a_message_is_shown_stored_told_replied_in_this_order() -> None:
    stream = FakeStream()
    feed, reply = make_feed(stream)
    stream.records = [record("inbound", "hi"), record("outbound", "hello")]
    reply.on_telling(ReceivedPost("49", "hi", 200, 10.0))
    lines = feed.read() + feed.read()
    assert [("stored" in x, "told" in x, "replied" in x) for x in lines] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert feed.read() == []


def test_only_new_items_are_shown() -> None:
    stream = FakeStream()
    feed, _ = make_feed(stream)
    stream.records = [record("inbound", "hi", "MODIFY"), record("inbound", "hi", "REMOVE")]
    assert feed.read() == []


def test_a_refused_post_shows_its_status() -> None:
    feed, reply = make_feed(FakeStream())
    reply.on_telling(ReceivedPost("49", "hi", 503, Decimal(10)))  # type: ignore[arg-type]
    assert "answered 503" in feed.read()[0]
