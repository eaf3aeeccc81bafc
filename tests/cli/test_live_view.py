"""What arrives while `unc up` stays, in the order a reader expects."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from unc.local.live_view import LiveView
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


def make_live_view(stream: FakeStream) -> tuple[LiveView, Any]:
    reply = SimpleNamespace(on_post=None)
    stack: Any = SimpleNamespace(
        aws=SimpleNamespace(streams=stream),
        resources=SimpleNamespace(chat_stream="arn", functions=lambda: ()),
        reply=reply,
    )
    return LiveView(stack), reply


def test_a_message_is_shown_stored_notified_replied_in_this_order() -> None:
    stream = FakeStream()
    live_view, reply = make_live_view(stream)
    stream.records = [record("inbound", "hi"), record("outbound", "hello")]
    reply.on_post(ReceivedPost("49", "hi", 200, 10.0))
    lines = live_view.read() + live_view.read()
    assert [("stored" in x, "notified" in x, "replied" in x) for x in lines] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert live_view.read() == []


def test_only_new_items_are_shown() -> None:
    stream = FakeStream()
    live_view, _ = make_live_view(stream)
    stream.records = [record("inbound", "hi", "MODIFY"), record("inbound", "hi", "REMOVE")]
    assert live_view.read() == []


def test_a_refused_post_shows_its_status() -> None:
    live_view, reply = make_live_view(FakeStream())
    reply.on_post(ReceivedPost("49", "hi", 503, Decimal(10)))  # type: ignore[arg-type]
    assert "answered 503" in live_view.read()[0]
