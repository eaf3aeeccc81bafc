"""News from the stream and from the retry queue; odd records are rejected, never raised over."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.notification.notification import Notification, RejectedNotification, newest_per_sender
from consumer.notification.retry_record import read_retry_record, retry_body
from consumer.notification.stream_record import read_stream_record
from tests.support.builders import SENDER, SID, notification, stream_record


def retry_record(text: object) -> dict[str, Any]:
    return {"messageId": "record-1", "body": text, "eventSource": "aws:sqs"}


def test_a_new_inbound_chat_is_news_with_its_text() -> None:
    assert read_stream_record(stream_record()) == Notification(
        sender_id=SENDER,
        message_id=SID,
        session_id="session-1",
        stored_at=Decimal("1795000000.5"),
        attempt=1,
        text="hi",
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
def test_anything_but_a_new_inbound_chat_is_no_news(record: object) -> None:
    assert read_stream_record(record) is None


@pytest.mark.parametrize("content", [None, {"M": {}}, {"NULL": True}, {"M": {"text": {"N": "1"}}}])
def test_a_chat_without_text_is_news_with_an_empty_one(content: dict[str, Any] | None) -> None:
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


def test_parked_news_comes_back_without_its_text() -> None:
    scheduled = read_retry_record(retry_record(retry_body(notification(attempt=3))))
    assert scheduled == notification(attempt=3, text=None)


def test_a_parked_body_holds_no_word_of_the_message() -> None:
    assert json.loads(retry_body(notification(text="secret words"))) == {
        "sender_id": SENDER,
        "message_id": SID,
        "session_id": "session-1",
        "stored_at": "1795000000.5",
        "attempt": 1,
        "after": [],
    }


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
moments = st.decimals(0, 10**10, allow_nan=False, places=6)


tokens = st.lists(st.text("0123456789abcdef", min_size=1, max_size=32), max_size=8).map(tuple)


@given(words.filter(bool), words, moments, st.integers(1, 10**6), tokens)
def test_whatever_is_parked_comes_back_the_same(
    sender: str, session_id: str, stored_at: Decimal, attempt: int, after: tuple[str, ...]
) -> None:
    notified = notification(
        sender,
        session_id=session_id,
        stored_at=stored_at,
        attempt=attempt,
        after=after,
        text=None,
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
        {"after": "token"},
        {"after": [1]},
        {"after": [""]},
        {"after": ["t" * 65]},
        {"after": ["t"] * 9},
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


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", "[" * 100_000, '{"attempt": 1e9}'])
def test_a_retry_body_that_is_no_news_is_rejected_as_it_is(body: str) -> None:
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


def test_each_sender_has_one_piece_of_news_the_one_stored_last() -> None:
    old, new = notification("a", stored_at=Decimal(1)), notification("a", stored_at=Decimal(2))
    other = notification("b", stored_at=Decimal(1))
    assert newest_per_sender([old, new, other]) == newest_per_sender([other, new, old])
    assert newest_per_sender([old, new, other]) == {"a": new, "b": other}


def test_of_news_stored_at_once_the_latest_message_stands_for_all() -> None:
    first, second = (notification("a", created_at=Decimal(n), message_id=f"SM{n}") for n in (1, 2))
    assert newest_per_sender([second, first]) == {"a": second}


def test_of_the_same_news_the_highest_attempt_counts() -> None:
    """Only it may take over the claim of the one before."""
    streamed, scheduled = (
        notification("a", created_at=Decimal(9)),
        notification("a", attempt=2, text=None),
    )
    assert newest_per_sender([scheduled, streamed]) == {"a": scheduled}


def test_of_copies_of_the_same_news_one_may_take_over_what_any_of_them_may() -> None:
    first, second = (
        notification("a", attempt=2, text=None, after=(token,)) for token in ("t1", "t2")
    )
    assert newest_per_sender([first, second])["a"].after == ("t2", "t1")
    assert newest_per_sender([first, second])["a"].attempt == 2


def test_newer_news_takes_over_nothing_of_older_news() -> None:
    old = notification("a", stored_at=Decimal(1), after=("t1",))
    assert newest_per_sender([old, notification("a", stored_at=Decimal(2))])["a"].after == ()
