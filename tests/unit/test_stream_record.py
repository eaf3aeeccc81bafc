"""A record of the stream becomes a notification, or not; odd records are rejected."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.stream_record import read_stream_record
from tests.support.builders import SENDER, SID, stream_record


def test_a_new_inbound_chat_is_a_notification_with_its_text() -> None:
    assert read_stream_record(stream_record()) == Notification(
        sender_id=SENDER,
        message_id=SID,
        session_id="session-1",
        stored_at=Decimal("1795000000.5"),
        attempt=1,
        text="hi",
        text_id=SID,
        created_at=Decimal("1795000000.12318880000000000000001"),
    )


@pytest.mark.parametrize(
    "record",
    [
        stream_record("MODIFY"),
        stream_record("REMOVE"),
        stream_record(chat_type={"S": "outbound"}),
        stream_record(chat_type=None),
        {"eventName": "INSERT", "dynamodb": {"Keys": {}}},
        {},
        {"source": "aws.events"},
        None,
        [],
        "INSERT",
    ],
)
def test_anything_but_a_new_inbound_chat_is_no_notification(record: object) -> None:
    assert read_stream_record(record) is None


def test_an_opt_out_is_known_by_the_stored_message() -> None:
    read = read_stream_record(stream_record(metadata={"M": {"opt_out_type": {"S": "STOP"}}}))
    assert isinstance(read, Notification)
    assert read.opt_out == "STOP"


@pytest.mark.parametrize(
    "metadata", [None, {"NULL": True}, {"M": {"opt_out_type": {"NULL": True}}}]
)
def test_any_other_message_is_no_opt_out(metadata: dict[str, Any] | None) -> None:
    read = read_stream_record(stream_record(metadata=metadata))
    assert isinstance(read, Notification)
    assert read.opt_out == ""


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_blank_text_is_nobodys_text(text: str) -> None:
    read = read_stream_record(stream_record(content={"M": {"text": {"S": text}}}))
    assert isinstance(read, Notification)
    assert (read.text, read.text_id) == (text, "")


@pytest.mark.parametrize("content", [None, {"M": {}}, {"NULL": True}, {"M": {"text": {"N": "1"}}}])
def test_a_chat_without_text_is_a_notification_without_text(
    content: dict[str, Any] | None,
) -> None:
    read = read_stream_record(stream_record(content=content))
    assert isinstance(read, Notification)
    assert read.text == ""


@pytest.mark.parametrize("stored_at", [None, {"S": "1"}, {"N": "x"}, {"N": 5}])
def test_a_chat_without_the_moment_of_its_writing_counts_from_its_place(
    stored_at: dict[str, Any] | None,
) -> None:
    read = read_stream_record(stream_record(stored_at=stored_at))
    assert isinstance(read, Notification)
    assert read.stored_at == read.created_at


@pytest.mark.parametrize("key", ["sender_id", "message_id"])
def test_a_stream_record_without_keys_is_rejected(key: str) -> None:
    without: dict[str, Any] = {key: None}
    assert read_stream_record(stream_record(**without)) == RejectedNotification(
        "1", "{}", "stream record without keys"
    )
