"""Stream positions: the batch is read again, and nothing but it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from consumer.notification.notification import Notification
from consumer.notification.retry_record import read_retry_record
from tests.cli.dlq_fakes import STREAM, FakeBatchSender, FakeQueueClient, position_body
from unc.dlq.routes import StreamRoute
from unc.dlq.stream_position import Forgotten, read_notifications, read_position

PAGE = 3


class FakeStream:
    """A shard of a stream; pages of three, the first one empty, and a horizon."""

    def __init__(self, records: list[dict[str, Any]], horizon: int = 0) -> None:
        self.records = records
        self.horizon = horizon
        self.calls = 0

    def get_shard_iterator(self, **wanted: Any) -> dict[str, Any]:
        assert wanted["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        assert (wanted["StreamArn"], wanted["ShardId"]) == (STREAM, "shard-1")
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.records]
        place = numbers.index(wanted["SequenceNumber"])
        if place < self.horizon:
            raise ClientError({"Error": {"Code": "TrimmedDataAccessException"}}, "GetShardIterator")
        return {"ShardIterator": f"empty:{place}"}

    def get_records(self, **wanted: Any) -> dict[str, Any]:
        self.calls += 1
        kind, _, text = wanted["ShardIterator"].partition(":")
        place = int(text)
        if kind == "empty":
            return {"Records": [], "NextShardIterator": f"at:{place}"}
        page = self.records[place : place + PAGE]
        after = place + len(page)
        closed = after >= len(self.records)
        return {"Records": page} | ({} if closed else {"NextShardIterator": f"at:{after}"})


def record(number: int, sender: str, kind: str = "inbound", event: str = "INSERT") -> Any:
    image = {
        "sender_id": {"S": sender},
        "message_id": {"S": f"SM{number}"},
        "session_id": {"S": f"session-{sender}"},
        "chat_type": {"S": kind},
        "created_at": {"N": str(1_000 - number)},
        "stored_at": {"N": f"{2_000 + number}.123456"},
    }
    change = {"SequenceNumber": f"{number:030d}", "NewImage": image}
    return {"eventName": event, "dynamodb": change}


RECORDS = [
    record(10, "before"),
    record(11, "anna"),
    record(12, "berta"),
    record(13, "anna", kind="outbound"),
    record(14, "berta", event="MODIFY"),
    record(15, "anna"),
    record(16, "after"),
]


def test_a_position_is_read_from_what_lambda_notes() -> None:
    position = read_position(position_body())
    assert position is not None
    assert (position.size, position.shard) == (5, "shard-1")
    assert position.since is not None and position.until is not None
    assert position.until - position.since == 3


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "{}",
        "no json",
        '{"DDBStreamBatchInfo": []}',
        position_body().replace("0011", "0x11"),
        "[1]",
        position_body().replace("0" * 28 + "11", "11"),
    ],
)
def test_anything_else_names_no_position(odd: str) -> None:
    assert read_position(odd) is None


def test_a_position_without_moments_is_one_all_the_same() -> None:
    position = read_position(position_body().replace("2026-11-22T10:00:00Z", "lately"))
    assert position is not None and position.since is None


def test_only_the_inbound_chats_new_in_the_batch_are_read() -> None:
    """Over page borders and an empty page; not a record before the first or after the last."""
    position = read_position(position_body())
    assert position is not None
    stream = FakeStream(RECORDS)
    found = read_notifications(stream, position)  # type: ignore[arg-type]
    assert [each.message_id for each in found] == ["SM11", "SM12", "SM15"]
    assert stream.calls == 3


def test_a_batch_at_the_end_of_a_closed_shard_ends_there() -> None:
    position = read_position(position_body(first=15, last=99))
    assert position is not None
    found = read_notifications(FakeStream(RECORDS), position)  # type: ignore[arg-type]
    assert [each.message_id for each in found] == ["SM15", "SM16"]


def test_forgotten_records_are_an_error_of_their_own() -> None:
    position = read_position(position_body())
    assert position is not None
    with pytest.raises(Forgotten):
        read_notifications(FakeStream(RECORDS, horizon=3), position)  # type: ignore[arg-type]


def test_another_error_of_the_stream_is_not_taken_for_forgetting() -> None:
    class Broken(FakeStream):
        def get_shard_iterator(self, **wanted: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetShardIterator")

    position = read_position(position_body())
    assert position is not None
    with pytest.raises(ClientError):
        read_notifications(Broken(RECORDS), position)  # type: ignore[arg-type]


def test_each_sender_s_newest_message_becomes_a_record_that_the_notifier_reads() -> None:
    """One notification covers the older ones of the sender, as in the notifier's own batches."""
    dead_letter, batch_sender = (
        FakeQueueClient(queue="stream").put(position_body()),
        FakeBatchSender(),
    )
    route = StreamRoute(batch_sender, FakeStream(RECORDS))  # type: ignore[arg-type]
    assert route.preview(dead_letter) == "notifications of 2 sender(s) to the reply retry queue"
    assert batch_sender.sent == []
    assert route.send([dead_letter]) == {}
    queued = [read_retry_record({"messageId": "1", "body": each}) for each in batch_sender.bodies]
    assert queued == [
        Notification("anna", "SM15", "session-anna", Decimal("2015.123456"), wake_at=0.0),
        Notification("berta", "SM12", "session-berta", Decimal("2012.123456"), wake_at=0.0),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [(position_body(), "dropped its records"), ("{}", "names no position")],
    ids=["old", "odd"],
)
def test_a_letter_whose_records_are_gone_stays_and_says_why(text: str, why: str) -> None:
    dead_letter, batch_sender = FakeQueueClient(queue="stream").put(text), FakeBatchSender()
    route = StreamRoute(batch_sender, FakeStream(RECORDS, horizon=7))  # type: ignore[arg-type]
    [(stays, said)] = route.send([dead_letter]).items()
    assert stays == dead_letter.id
    assert why in said
    assert why in route.preview(dead_letter)
    assert batch_sender.sent == []


def test_a_letter_stays_when_one_of_its_records_is_refused() -> None:
    """Run again, the records that went are found claimed or covered."""
    dead_letter, batch_sender = (
        FakeQueueClient(queue="stream").put(position_body()),
        FakeBatchSender(),
    )
    batch_sender.refuses = lambda entry: "throttled" if "berta" in entry["MessageBody"] else ""
    route = StreamRoute(batch_sender, FakeStream(RECORDS))  # type: ignore[arg-type]
    assert route.send([dead_letter]) == {dead_letter.id: "throttled"}
