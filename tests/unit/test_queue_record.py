"""The envelope of a queue record: its ids, its place, how often it came."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.conversation.queue_record import QueueRecord, read_record
from tests.support.builders import SENT_MS, SEQUENCE, attributed, queue_record, raw_record

FIRST_PLACE = {
    "OriginalMessageId": "first-id",
    "OriginalSentTimestamp": "1700000000001",
    "OriginalSequenceNumber": "18870000000000000001",
    "OriginalMessageGroupId": "first-group",
}


def test_created_at_is_the_milliseconds_and_then_the_sequence_number() -> None:
    assert queue_record().created_at == Decimal("1795000000.12318880000000000000001")


@pytest.mark.parametrize(
    ("sent", "sequence", "created_at"),
    [
        ("1795000000007", "1", "1795000000.00700000000000000000001"),
        ("1795000000007", "", "1795000000.00700000000000000000000"),
        ("9999999999999", "9" * 25, "9999999999.999" + "9" * 25),
        ("", "", "0.00000000000000000000000"),
    ],
)
def test_created_at_holds_every_digit(sent: str, sequence: str, created_at: str) -> None:
    record = queue_record(SentTimestamp=sent, SequenceNumber=sequence)
    assert str(record.created_at) == str(Decimal(created_at))
    assert len(record.created_at.as_tuple().digits) <= 38


places = st.tuples(st.integers(0, 10**13 - 1), st.integers(0, 10**20 - 1))


@given(st.lists(places, min_size=2, max_size=20, unique=True))
def test_created_at_rises_as_the_queue_does(places: list[tuple[int, int]]) -> None:
    records = [
        queue_record(SentTimestamp=str(ms), SequenceNumber=f"{number:020d}")
        for ms, number in sorted(places)
    ]
    moments = [record.created_at for record in records]
    assert moments == sorted(set(moments))


def test_a_redelivery_has_the_place_and_id_of_the_first_delivery() -> None:
    first, again = queue_record(), queue_record(ApproximateReceiveCount="7")
    assert (again.created_at, again.original_id) == (first.created_at, first.original_id)
    assert (first.receive_count, again.receive_count) == (1, 7)


def test_a_redriven_record_takes_its_first_place_again() -> None:
    record = read_record(attributed(raw_record(messageId="new-id"), **FIRST_PLACE))
    assert (record.id, record.original_id, record.group_id) == ("new-id", "first-id", "first-group")
    assert record.created_at == Decimal("1700000000.00118870000000000000001")


@pytest.mark.parametrize("name", FIRST_PLACE)
def test_a_blank_original_attribute_does_not_count(name: str) -> None:
    blank = attributed(raw_record(), **FIRST_PLACE | {name: ""})
    without = attributed(raw_record(), **{k: v for k, v in FIRST_PLACE.items() if k != name})
    assert read_record(blank) == read_record(without)


def test_an_original_id_too_long_to_be_one_does_not_count() -> None:
    record = read_record(attributed(raw_record(), OriginalMessageId="x" * 129))
    assert record.original_id == record.id


@pytest.mark.parametrize("odd", ["a\x00", "\ud800", "x" * 2000])
def test_an_odd_id_goes_back_as_it_came_but_names_a_message_that_can_be_stored(odd: str) -> None:
    record = read_record(attributed(raw_record(messageId=odd), OriginalMessageId=odd))
    assert record.id == odd
    assert len(record.original_id.encode()) <= 128
    assert record.original_id.isprintable()


ODD: list[Any] = [None, 1, "x", [], {}, True, b"x", {"attributes": []}, {"attributes": {"a": []}}]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_record_reads_as_blank(odd: object) -> None:
    assert read_record(odd) == QueueRecord("", "", None, "", 0, "", 1)


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "\u0661", "", None, [], True])
def test_an_odd_number_reads_as_blank(number: Any) -> None:
    record = read_record(
        raw_record(SentTimestamp=number, SequenceNumber=number, ApproximateReceiveCount=number)
    )
    assert (record.sent_ms, record.sequence, record.receive_count) == (0, "", 1)


def test_numbers_longer_than_any_place_are_cut_down() -> None:
    long = "9" * 5000
    record = queue_record(SentTimestamp=long, SequenceNumber=long, ApproximateReceiveCount=long)
    assert len(record.created_at.as_tuple().digits) == 38
    assert record.receive_count == 999_999_999


def test_the_body_is_kept_as_it_came() -> None:
    assert queue_record("Body=%ff").body == "Body=%ff"
    assert (queue_record().sent_ms, queue_record().sequence) == (SENT_MS, SEQUENCE)
