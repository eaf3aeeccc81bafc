"""Of each sender's notifications one counts, and says the newest text that is not blank."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from consumer.notification.notification import (
    Notification,
    newest_per_sender,
    without_opt_outs,
)
from tests.support.builders import SID, notification


def test_each_sender_has_one_notification_the_one_stored_last() -> None:
    old, new = notification("a", stored_at=Decimal(1)), notification("a", stored_at=Decimal(2))
    other = notification("b", stored_at=Decimal(1))
    assert newest_per_sender([old, new, other]) == newest_per_sender([other, new, old])
    assert newest_per_sender([old, new, other]) == {"a": new, "b": other}


def test_of_notifications_stored_at_once_the_latest_message_counts() -> None:
    first, second = (notification("a", created_at=Decimal(n), message_id=f"SM{n}") for n in (1, 2))
    assert newest_per_sender([second, first]) == {"a": second}


def test_of_the_same_notification_the_highest_attempt_counts() -> None:
    """With the text that any of them has."""
    streamed = notification("a", created_at=Decimal(9), text_id=SID)
    scheduled = notification("a", attempt=2, text=None, text_id=SID, wake_at=5.0)
    expected = {"a": replace(scheduled, text="hi")}
    assert newest_per_sender([scheduled, streamed]) == expected
    assert newest_per_sender([streamed, scheduled]) == expected


def test_the_latest_wake_up_of_a_sender_lends_its_moment() -> None:
    old = notification("a", stored_at=Decimal(1), wake_at=7.0)
    new = notification("a", stored_at=Decimal(2), wake_at=5.0)
    newest = newest_per_sender([old, new, notification("b")])
    assert newest["a"] == replace(new, wake_at=7.0)
    assert newest["b"].wake_at is None


def nth(number: int, text: str | None, text_of: int = 0, **values: Any) -> Notification:
    """The nth message; `text_of`: the one whose text is the newest that is not blank."""
    text_id = f"SM{text_of}" if text_of else ""
    given = {"stored_at": Decimal(number), "message_id": f"SM{number}", "text": text}
    return notification("a", text_id=text_id, **given | values)


@pytest.mark.parametrize(
    ("older", "newer", "text", "text_id"),
    [
        (nth(1, "one", 1), nth(2, "two", 2), "two", "SM2"),
        (nth(1, "one", 1), nth(2, ""), "one", "SM1"),
        (nth(1, ""), nth(2, ""), "", ""),
        (nth(1, None, 1), nth(2, ""), None, "SM1"),
        (nth(1, "one", 1), nth(2, None, 2), None, "SM2"),
        (nth(1, None), nth(2, ""), None, ""),
        (nth(1, "one", 1), nth(2, None), None, "SM1"),
        (nth(2, None, 1), nth(2, "", created_at=Decimal(9)), None, "SM1"),
        (nth(2, None, 2), nth(2, "two", 2, created_at=Decimal(9)), "two", "SM2"),
        (nth(2, None), nth(2, "", created_at=Decimal(9)), "", ""),
        (nth(2, "two", 2), nth(2, None, attempt=2), "two", "SM2"),
    ],
)
def test_the_newer_of_two_says_the_newest_text_that_is_not_blank(
    older: Notification, newer: Notification, text: str | None, text_id: str
) -> None:
    """Text None: it has to be read, of the message itself first, then of `text_id`."""
    expected = replace(newer, text=text, text_id=text_id)
    assert newer.covering(older) == older.covering(newer) == expected
    assert newer.covering(None) == newer


def test_what_is_written_down_holds_keys_and_no_words() -> None:
    full = nth(1, "one", 1, opt_out="HELP", wake_at=5.0, created_at=Decimal(3), attempt=2)
    assert full.stripped() == nth(1, None, 1, attempt=2)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["", "HELP"], [1]),
        (["HELP", ""], [2]),
        (["", "STOP", "HELP"], [2]),
        (["", "STOP", ""], [3]),
        (["STOP", "START"], [1]),
        (["HELP", "START"], [2]),
        (["", ""], [1, 2]),
        (["STOP", "STOP"], [2]),
    ],
)
def test_what_twilio_has_answered_hides_nothing_else(words: list[str], left: list[int]) -> None:
    given = [nth(n, "x", n, opt_out=word) for n, word in enumerate(words, 1)]
    for order in (given, given[::-1]):
        kept = [int(each.stored_at) for each in without_opt_outs(order)]
        assert sorted(kept) == left
    assert without_opt_outs([*given, notification("b")])[-1] == notification("b")
