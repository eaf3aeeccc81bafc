"""A notification as the retry queue keeps it; odd records are rejected, and raise nothing."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.retry_record import read_retry_record, retry_body
from tests.support.builders import SENDER, SID, notification


def retry_record(text: object) -> dict[str, Any]:
    return {"messageId": "record-1", "body": text, "eventSource": "aws:sqs"}


def test_a_scheduled_notification_comes_back_without_its_text() -> None:
    sent = notification(attempt=3, text_id=SID, wake_at=1_795_000_010.25)
    for each in (sent, replace(sent, is_replay=True)):
        scheduled = read_retry_record(retry_record(retry_body(each)))
        assert scheduled == replace(each, text=None)


def test_a_record_of_the_version_before_was_due_when_it_was_sent() -> None:
    """It named the claims that it might take over, and no text."""
    body = {
        "sender_id": SENDER,
        "message_id": SID,
        "session_id": "session-1",
        "stored_at": "1795000000.5",
        "attempt": 2,
        "after": ["token"],
    }
    read = read_retry_record(retry_record(json.dumps(body)))
    assert read == notification(attempt=2, text=None, wake_at=0.0)


def test_a_scheduled_body_holds_no_word_of_the_message() -> None:
    assert json.loads(retry_body(notification(text="secret words"))) == {
        "sender_id": SENDER,
        "message_id": SID,
        "session_id": "session-1",
        "stored_at": "1795000000.5",
        "attempt": 1,
        "text_id": "",
        "wake_at": "0.000",
    }


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
moments = st.decimals(0, 10**10, allow_nan=False, places=6)


wakes = st.integers(0, 10**13).map(lambda thousandths: round(thousandths / 1000, 3))


@given(words.filter(bool), words, moments, st.integers(1, 10**6), words, wakes)
def test_whatever_is_scheduled_comes_back_the_same(
    sender: str, session_id: str, stored_at: Decimal, attempt: int, text_id: str, wake_at: float
) -> None:
    notified = notification(
        sender,
        session_id=session_id,
        stored_at=stored_at,
        attempt=attempt,
        text=None,
        text_id=text_id,
        wake_at=wake_at,
    )
    assert read_retry_record(retry_record(retry_body(notified))) == notified


GOOD = json.loads(retry_body(notification()))


@pytest.mark.parametrize(
    "fields",
    [
        {"sender_id": ""},
        {"sender_id": 4915},
        {"message_id": None},
        {"stored_at": "soon"},
        {"stored_at": 1795000000},
        {"stored_at": "1e999"},
        {"attempt": 0},
        {"attempt": "1"},
        {"attempt": True},
        {"attempt": 1.5},
        {"attempt": 10**9},
        {"text_id": "t" * 1025},
        {"text_id": "\ud800"},
        {"sender_id": "s" * 2049},
        {"message_id": "m" * 1025},
        {"session_id": "s" * 2049},
        {"sender_id": "\ud800"},
    ],
)
def test_a_retry_record_that_could_not_be_looked_up_is_rejected(fields: dict[str, Any]) -> None:
    body = json.dumps(GOOD | fields)
    assert read_retry_record(retry_record(body)) == RejectedNotification(
        "record-1", body, "retry record that cannot be read"
    )


@pytest.mark.parametrize(
    ("wake_at", "read"),
    [
        ("1795000000.5", 1_795_000_000.5),
        ("1795000000.12345", 1_795_000_000.123),
        ("", 0.0),
        ("soon", 0.0),
        (None, 0.0),
        (1795000000, 0.0),
        ("-1", 0.0),
        ("1e100", 0.0),
    ],
)
def test_an_odd_moment_of_a_wake_up_has_passed(wake_at: object, read: float) -> None:
    record = read_retry_record(retry_record(json.dumps(GOOD | {"wake_at": wake_at})))
    assert isinstance(record, Notification)
    assert record.wake_at == read


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", "[" * 100_000, '{"attempt": 1e9}'])
def test_a_retry_body_that_is_no_notification_is_rejected_as_it_is(body: str) -> None:
    rejected = read_retry_record(retry_record(body))
    assert isinstance(rejected, RejectedNotification)
    assert (rejected.id, rejected.body) == ("record-1", body)


@pytest.mark.parametrize(
    "record", [None, [], "x", {}, {"body": None}, {"body": {}, "messageId": 1}]
)
def test_an_odd_retry_record_is_rejected(record: object) -> None:
    assert read_retry_record(record) == RejectedNotification(
        "", "{}", "retry record that cannot be read"
    )
