"""Records sorted by what has to happen to each, and the tail rule."""

from consumer.conversation.batch import Batch, sort_batch, with_blocked
from consumer.conversation.queue_record import QueueRecord, read_record
from consumer.webhook.message import InboundMessage
from queue_function import group_messages_by_sender
from tests.support.builders import SID, attributed, body, numbered, queue_record, raw_record


def sorted_batch(*records: dict[str, object]) -> Batch:
    return sort_batch(map(read_record, records))


def from_sender(number: int, sender: str, **fields: str | None) -> dict[str, object]:
    return numbered(number, WaId=sender, **fields)


def messages_of(*senders: str) -> list[tuple[QueueRecord, InboundMessage]]:
    """One record of each sender in turn, ids record-0, record-1, …"""
    return sorted_batch(*(from_sender(n, each) for n, each in enumerate(senders))).messages


def test_each_record_goes_where_it_belongs() -> None:
    batch = sorted_batch(numbered(1), numbered(2, body(MessageStatus="read")), numbered(3, "x"))
    assert [record.id for record, _ in batch.messages] == ["record-1"]
    assert [each.id for each in batch.callbacks] == ["record-2"]
    assert [(r.record.id, r.reason[:9]) for r in batch.malformed] == [("record-3", "no sender")]


def test_messages_are_grouped_by_sender_in_queue_order() -> None:
    records = [from_sender(3, "a"), from_sender(2, "b"), from_sender(1, "a")]
    grouped = group_messages_by_sender(records)
    numbers = {
        sender: [int(message["metadata"]["message_id"][2:]) for message in messages]
        for sender, messages in grouped.items()
    }
    assert numbers == {"a": [1, 3], "b": [2]}


def test_a_webhook_that_came_twice_counts_once_at_its_first_place() -> None:
    batch = sorted_batch(numbered(2, body()), numbered(1, body()))
    [[only]] = batch.by_sender().values()
    assert only.created_at == read_record(numbered(1)).created_at
    assert len(batch.messages) == 2


def test_one_message_id_of_two_senders_is_two_messages() -> None:
    batch = sorted_batch(numbered(1, body(WaId="1")), numbered(2, body(WaId="2")))
    assert {key: len(of) for key, of in batch.by_sender().items()} == {"1": 1, "2": 1}


def test_a_body_without_a_sid_is_known_by_the_records_id_and_says_so() -> None:
    record = raw_record(body(MessageSid=None), messageId="record-id")
    [(_, message)] = sorted_batch(record).messages
    assert message.message_id == "record-id"
    assert message.metadata["message_id"] == "record-id"
    assert message.metadata["message_id_source"] == "sqs"


def test_a_redriven_body_without_a_sid_keeps_the_id_of_its_first_record() -> None:
    record = attributed(raw_record(body(MessageSid=None)), OriginalMessageId="first-id")
    [(_, message)] = sorted_batch(record).messages
    assert message.message_id == "first-id"


def test_a_body_with_neither_sid_nor_record_id_is_malformed() -> None:
    [malformed] = sort_batch([queue_record(body(MessageSid=None), messageId="")]).malformed
    assert malformed.reason == "neither a Sid nor a record id"


def test_a_sid_makes_no_mention_of_its_source() -> None:
    [(_, message)] = sorted_batch(raw_record()).messages
    assert message.message_id == SID
    assert "message_id_source" not in message.metadata


def test_an_unsettled_record_takes_the_later_ones_of_its_sender_with_it() -> None:
    batch = messages_of("a", "b", "a", "b", "a")
    assert with_blocked(batch, {"record-2"}) == ["record-2", "record-4"]


def test_nobody_elses_records_are_touched() -> None:
    assert with_blocked(messages_of("a", "b", "c"), {"record-0"}) == ["record-0"]


def test_where_all_is_settled_nothing_is_reported() -> None:
    assert with_blocked(messages_of("a", "a"), set()) == []


def test_where_nothing_is_settled_all_is_reported_in_order() -> None:
    everything = {f"record-{n}" for n in range(4)}
    assert with_blocked(messages_of("a", "b", "b", "a"), everything) == sorted(everything)
