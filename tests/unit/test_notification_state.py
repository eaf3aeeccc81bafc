"""Whether a notification is still due, by the sender's row."""

from decimal import Decimal

import pytest

from consumer.notification.state import (
    CLOCKS_APART_SECONDS,
    NOBODY,
    ROW_LIFETIME_SECONDS,
    Claim,
    DeliveryStatus,
    delivery_status,
)
from consumer.notification.state import NotificationState as Row
from tests.support.builders import SID, notification

EARLIER, NOW, LATER = Decimal("9.9"), Decimal(10), Decimal("10.1")
DUE, COVERED, OUTCOME_UNKNOWN = (
    DeliveryStatus.DUE,
    DeliveryStatus.COVERED,
    DeliveryStatus.OUTCOME_UNKNOWN,
)


def row(
    claimed: Decimal, by: str, notified_through: Decimal | None = None, message: str = SID
) -> Row:
    return Row(claimed, by, notified_through, message)


@pytest.mark.parametrize(
    ("row", "after", "stands"),
    [
        (None, (), DUE),
        (Row(), (), DUE),
        (Row(notified_through=EARLIER), (), DUE),
        (Row(notified_through=NOW), (), COVERED),
        (Row(notified_through=LATER), (), COVERED),
        (row(EARLIER, "somebody"), (), DUE),
        (row(EARLIER, "somebody", notified_through=EARLIER), (), DUE),
        (row(NOW, "somebody"), (), OUTCOME_UNKNOWN),
        (row(NOW, "somebody", notified_through=EARLIER), (), OUTCOME_UNKNOWN),
        (row(NOW, "somebody", message="SM-other"), (), COVERED),
        (row(NOW, NOBODY), (), DUE),
        (row(NOW, "failed"), ("failed",), DUE),
        (row(NOW, "unclear"), ("failed", "unclear"), DUE),
        (row(NOW, "next"), ("failed",), OUTCOME_UNKNOWN),
        (row(NOW, "failed", notified_through=NOW), ("failed",), COVERED),
        (row(LATER, "failed"), ("failed",), COVERED),
    ],
)
def test_the_row_decides_the_delivery_status(
    row: Row | None, after: tuple[str, ...], stands: DeliveryStatus
) -> None:
    assert delivery_status(notification(stored_at=NOW, after=after), row) is stands


@pytest.mark.parametrize(
    ("age", "may_be"),
    [
        (-CLOCKS_APART_SECONDS, True),
        (0, True),
        (90 + CLOCKS_APART_SECONDS - 1, True),
        (90 + CLOCKS_APART_SECONDS, False),
        (10**9, False),
    ],
)
def test_a_claim_is_nobodys_once_it_is_older_than_an_invocation_lasts(
    age: int, may_be: bool
) -> None:
    claimed = Row(NOW, "somebody", expires_at=1_790_000_000 + ROW_LIFETIME_SECONDS)
    assert claimed.may_be_under_way(1_790_000_000.0 + age, 90.0) is may_be


def test_a_claim_may_replace_one_given_back_those_it_follows_and_itself() -> None:
    claim = Claim(notification(after=("failed", "unclear")), "own", 0)
    assert claim.replaces == (NOBODY, "failed", "unclear", "own")
