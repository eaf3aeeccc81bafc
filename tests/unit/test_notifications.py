"""Whether news still has to be told, by the sender's row."""

from decimal import Decimal

import pytest

from domain.notifications import (
    CLOCKS_APART_SECONDS,
    NOBODY,
    ROW_LIFETIME_SECONDS,
    Claim,
    Standing,
    standing,
)
from domain.notifications import Notification as Row
from tests.unit.builders import SID, news

EARLIER, NOW, LATER = Decimal("9.9"), Decimal(10), Decimal("10.1")
DUE, COVERED, IN_DOUBT = Standing.DUE, Standing.COVERED, Standing.IN_DOUBT


def row(claimed: Decimal, by: str, through: Decimal | None = None, message: str = SID) -> Row:
    return Row(claimed, by, through, message)


@pytest.mark.parametrize(
    ("row", "after", "stands"),
    [
        (None, (), DUE),
        (Row(), (), DUE),
        (Row(through=EARLIER), (), DUE),
        (Row(through=NOW), (), COVERED),
        (Row(through=LATER), (), COVERED),
        (row(EARLIER, "somebody"), (), DUE),
        (row(EARLIER, "somebody", through=EARLIER), (), DUE),
        (row(NOW, "somebody"), (), IN_DOUBT),
        (row(NOW, "somebody", through=EARLIER), (), IN_DOUBT),
        (row(NOW, "somebody", message="SM-other"), (), COVERED),
        (row(NOW, NOBODY), (), DUE),
        (row(NOW, "failed"), ("failed",), DUE),
        (row(NOW, "unclear"), ("failed", "unclear"), DUE),
        (row(NOW, "next"), ("failed",), IN_DOUBT),
        (row(NOW, "failed", through=NOW), ("failed",), COVERED),
        (row(LATER, "failed"), ("failed",), COVERED),
    ],
)
def test_the_row_decides_where_news_stands(
    row: Row | None, after: tuple[str, ...], stands: Standing
) -> None:
    assert standing(news(stored_at=NOW, after=after), row) is stands


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
    claim = Claim(news(after=("failed", "unclear")), "own", 0)
    assert claim.replaces == (NOBODY, "failed", "unclear", "own")
