"""Whether news still has to be told: the row of `notifications` decides.

Before a POST the news is claimed, after it settled. A claim whose POST is known to have
failed is taken over by the parked copy that names it, once, or given back. Who finds any
other claim on the same news knows that somebody may have told it: an unknown outcome.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from consumer.notification.notification import Notification

NOBODY = ""
# Longer than any queue or stream can bring the same news again.
ROW_LIFETIME_SECONDS = 30 * 24 * 3600
# Whoever writes may have a clock that is ahead of ours.
CLOCKS_APART_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NotificationState:
    """A sender's row: `claimed` and `through` are `stored_at` values, epoch seconds.

    `claimed_by`: the claim's token, NOBODY when it was given back. `message_id`: the
    message in whose name it was claimed, of those stored together. `expires_at`: epoch
    seconds, ROW_LIFETIME_SECONDS after the claim.
    """

    claimed: Decimal | None = None
    claimed_by: str = ""
    notified_through: Decimal | None = None
    message_id: str = ""
    expires_at: int = 0

    def may_be_under_way(self, now: float, longest: float) -> bool:
        """Whether whoever claimed may still be at it; `longest`: seconds that this can take."""
        made_at = self.expires_at - ROW_LIFETIME_SECONDS
        return now < made_at + longest + CLOCKS_APART_SECONDS


@dataclass(frozen=True, slots=True)
class Claim:
    """A try to take responsibility for news; `token` tells it from every other claim."""

    notification: Notification
    token: str
    expires_at: int

    @property
    def replaces(self) -> tuple[str, ...]:
        """The claims on the same news that it may take the place of, itself among them."""
        return (NOBODY, *self.notification.after, self.token)


class DeliveryStatus(Enum):
    """Where news stands before anything is done about it."""

    DUE = "due"
    COVERED = "covered"
    OUTCOME_UNKNOWN = "in doubt"


def delivery_status(notification: Notification, row: NotificationState | None) -> DeliveryStatus:
    """Hold news against the row; the conditions of `claim` ask the same of the store."""
    if row is None:
        return DeliveryStatus.DUE
    if row.notified_through is not None and row.notified_through >= notification.stored_at:
        return DeliveryStatus.COVERED
    if row.claimed is None or row.claimed < notification.stored_at:
        return DeliveryStatus.DUE
    if row.claimed > notification.stored_at:
        return DeliveryStatus.COVERED  # whoever claimed newer news answers for this one too
    if row.claimed_by in (NOBODY, *notification.after):
        return DeliveryStatus.DUE
    # Another message of the same write, in another lane of the stream, is as good as this one.
    is_same = row.message_id == notification.message_id
    return DeliveryStatus.OUTCOME_UNKNOWN if is_same else DeliveryStatus.COVERED
