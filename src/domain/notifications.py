"""Whether news still has to be told: the row of `notifications` decides.

Before a POST the news is claimed, after it settled. Who finds a claim on the same
news that is neither settled nor released by a parked copy (which carries a higher
attempt) knows that somebody may have told it: an unknown outcome, not told again.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from domain.news import News


@dataclass(frozen=True, slots=True)
class Notification:
    """A sender's row: `claimed` and `through` are `stored_at` values, epoch seconds."""

    claimed: Decimal | None = None
    attempt: int = 0
    through: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A try to take responsibility for news; `token` tells the claimer's own retries."""

    news: News
    token: str
    expires_at: int


class Standing(Enum):
    """Where news stands before anything is done about it."""

    DUE = "due"
    COVERED = "covered"
    IN_DOUBT = "in doubt"


def standing(news: News, row: Notification | None) -> Standing:
    """Hold news against the row; the conditions of `claim` ask the same of the store."""
    if row is None:
        return Standing.DUE
    if row.through is not None and row.through >= news.stored_at:
        return Standing.COVERED
    if row.claimed is None or row.claimed < news.stored_at:
        return Standing.DUE
    if row.claimed > news.stored_at:
        return Standing.COVERED  # whoever claimed the newer news answers for this one too
    return Standing.DUE if row.attempt < news.attempt else Standing.IN_DOUBT
