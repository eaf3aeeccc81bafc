"""A sender's row: what is covered, whose turn it is, and what waits."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from consumer.notification.notification import Notification
from consumer.notification.state import NotificationState, Pending, Turn
from tests.support.builders import notification


def message(number: int, **values: Any) -> Notification:
    """The nth message, as a row holds it."""
    given = {"message_id": f"SM{number}", "stored_at": Decimal(number), "text": None} | values
    return notification(**given)


def waiting(number: int, since: int | None = None, **values: Any) -> NotificationState:
    pending = Pending(message(number, **values), Decimal(since or number))
    return NotificationState("revision", pending=pending)


def test_the_first_message_that_waits_says_since_when() -> None:
    row = NotificationState("revision").with_pending(message(3))
    assert row == waiting(3)
    assert row.with_pending(message(4)) == waiting(4, since=3)


def test_what_waits_only_moves_forward() -> None:
    assert waiting(4).with_pending(message(3)) == waiting(4, since=3)
    assert waiting(4).with_pending(message(4)) == waiting(4)


def test_a_row_that_does_not_change_stays_the_same_object() -> None:
    """So nothing is written."""
    row = waiting(4)
    assert row.with_pending(message(4, text="hi", created_at=Decimal(9))) is row


def test_what_is_covered_does_not_wait() -> None:
    row = NotificationState(notified_through=Decimal(3))
    assert row.with_pending(message(3)) is row
    assert row.with_pending(message(4)).pending is not None


def test_what_waits_holds_keys_and_never_words() -> None:
    full = message(3, text="hi", text_id="SM3", opt_out="HELP", wake_at=9.0, created_at=Decimal(7))
    assert NotificationState("revision").with_pending(full) == waiting(3, text_id="SM3")


def test_a_blank_message_that_waits_keeps_the_newest_text() -> None:
    row = waiting(3, text_id="SM3").with_pending(message(4, text=""))
    assert row == waiting(4, since=3, text_id="SM3")


def test_a_failed_message_waits_with_its_attempts() -> None:
    assert NotificationState("revision").with_pending(message(3, attempt=2)) == waiting(
        3, attempt=2
    )
    assert waiting(3, attempt=2).with_pending(message(3)) == waiting(3, attempt=2)


def test_a_newer_message_has_its_own_attempts() -> None:
    assert waiting(3, attempt=5).with_pending(message(4)) == waiting(4, since=3)


def test_covering_ends_what_waits_up_to_there() -> None:
    row = waiting(3)
    assert row.covered_through(Decimal(2)) == replace(row, notified_through=Decimal(2))
    for moment in (3, 4):
        covered = NotificationState("revision", notified_through=Decimal(moment))
        assert row.covered_through(Decimal(moment)) == covered


def test_what_is_covered_never_moves_back() -> None:
    row = NotificationState(notified_through=Decimal(5))
    assert row.covered_through(Decimal(4)) == row


def test_the_end_of_a_turn_is_remembered_and_never_moves_back() -> None:
    row = NotificationState(turn=Turn(message(2), "token", 10.0, 35.0), turn_ended_at=20.0)
    assert row.without_turn(30.0) == NotificationState(turn_ended_at=30.0)
    assert row.without_turn(10.0) == NotificationState(turn_ended_at=20.0)
