"""A sender's row of `notifications`: what is covered, whose turn is open, and what waits.

Every write replaces the whole row on condition that its revision is still the one that was
read. So whoever writes has seen everything before, and no two writers overlook each other.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from consumer.notification.notification import Notification

# Longer than any queue or stream can bring the same notification again.
ROW_LIFETIME_SECONDS = 60 * 24 * 3600
# Containers' clocks differ by no more than that.
CLOCK_ALLOWANCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A claim: one POST may be open for the sender until `open_until`; epoch seconds.

    `token` tells it from every other turn. A turn that stays in the row after its time has an
    unknown outcome.
    """

    notification: Notification
    token: str
    claimed_at: float
    open_until: float


@dataclass(frozen=True, slots=True)
class Pending:
    """The newest message that waits for a POST, and when the first of them was stored."""

    notification: Notification
    since: Decimal


@dataclass(frozen=True, slots=True)
class NotificationState:
    """The row. `notified_through`: every message stored up to then is covered.

    `wake_at`: the moment of the wake-up that was scheduled last. `turn_ended_at`: when the last
    turn ended. `revision` is blank for a row that is not there.
    """

    revision: str = ""
    notified_through: Decimal = Decimal(0)
    turn: Turn | None = None
    pending: Pending | None = None
    wake_at: float = 0.0
    turn_ended_at: float = 0.0

    def with_pending(self, notification: Notification) -> "NotificationState":
        """The row with this message waiting; what waits only moves forward."""
        if notification.stored_at <= self.notified_through:
            return self
        waiting = self.pending
        merged = notification.covering(waiting.notification if waiting else None)
        since = min(notification.stored_at, waiting.since) if waiting else notification.stored_at
        pending = Pending(merged.stripped(), since)
        return self if pending == waiting else replace(self, pending=pending)

    def covered_through(self, stored_at: Decimal) -> "NotificationState":
        """The row with everything covered that was stored up to then."""
        through = max(self.notified_through, stored_at)
        pending = self.pending
        if pending and pending.notification.stored_at <= through:
            pending = None
        return replace(self, notified_through=through, pending=pending)

    def without_turn(self, ended_at: float) -> "NotificationState":
        return replace(self, turn=None, turn_ended_at=max(ended_at, self.turn_ended_at))


@dataclass(frozen=True, slots=True)
class StateChange:
    """A row that replaces the one with the revision `before`."""

    sender_id: str
    before: str
    after: NotificationState
