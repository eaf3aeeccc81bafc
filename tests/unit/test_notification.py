"""Of each sender's notifications one counts."""

from decimal import Decimal

from consumer.notification.notification import newest_per_sender
from tests.support.builders import notification


def test_each_sender_has_one_notification_the_one_stored_last() -> None:
    old, new = notification("a", stored_at=Decimal(1)), notification("a", stored_at=Decimal(2))
    other = notification("b", stored_at=Decimal(1))
    assert newest_per_sender([old, new, other]) == newest_per_sender([other, new, old])
    assert newest_per_sender([old, new, other]) == {"a": new, "b": other}


def test_of_notifications_stored_at_once_the_latest_message_counts() -> None:
    first, second = (notification("a", created_at=Decimal(n), message_id=f"SM{n}") for n in (1, 2))
    assert newest_per_sender([second, first]) == {"a": second}


def test_of_the_same_notification_the_highest_attempt_counts() -> None:
    """Only it may take over the claim of the one before."""
    streamed, scheduled = (
        notification("a", created_at=Decimal(9)),
        notification("a", attempt=2, text=None),
    )
    assert newest_per_sender([scheduled, streamed]) == {"a": scheduled}


def test_of_copies_of_a_notification_one_may_take_over_what_any_of_them_may() -> None:
    first, second = (
        notification("a", attempt=2, text=None, after=(token,)) for token in ("t1", "t2")
    )
    assert newest_per_sender([first, second])["a"].after == ("t2", "t1")
    assert newest_per_sender([first, second])["a"].attempt == 2


def test_a_newer_notification_takes_over_nothing_of_an_older_one() -> None:
    old = notification("a", stored_at=Decimal(1), after=("t1",))
    assert newest_per_sender([old, notification("a", stored_at=Decimal(2))])["a"].after == ()
