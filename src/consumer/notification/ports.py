"""What the notifier reads from and does to the outside; conversation/ports.py has the rules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Protocol

from consumer.conversation.session import Session
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.state import Claim, NotificationState
from consumer.webhook.message import ChatKey


class Outcome(Enum):
    """How a POST to the reply service ended."""

    ACCEPTED = "accepted"
    CANNOT_DELIVER_NOW = "cannot deliver now"
    UNAUTHORIZED = "unauthorized"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class NotificationReads:
    """What the notifier reads before it speaks; absent keys are not known yet.

    `declined`: the store refuses to be read like this, so asking again is in vain.
    """

    sessions: dict[str, Session | None] = field(default_factory=dict)
    notifications: dict[str, NotificationState | None] = field(default_factory=dict)
    texts: dict[ChatKey, str | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False


@dataclass(slots=True)
class ClaimResult:
    """Senders whose news this try claimed, and those where somebody else's claim stands."""

    won: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class NotificationStore(Protocol):
    """What has been told to whom, and the rows that decide whether to tell."""

    def read(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> NotificationReads:
        """Read sessions, notification rows and chat texts consistently."""

    def claim(self, claims: Sequence[Claim]) -> ClaimResult:
        """Take responsibility for news; only one of several claimers of the same news wins.

        Repeating a claim with the same token wins again.
        """

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """Give back claims of which it is known that nobody was told; gives the senders."""

    def settle(self, notified_through: Mapping[str, Decimal]) -> set[str]:
        """Record up to where each sender's news is dealt with; it never moves back."""


class ReplyService(Protocol):
    """The service that answers people."""

    def post(self, notifications: Sequence[Notification]) -> dict[str, Outcome]:
        """POST all at once; gives how each ended, by sender."""


class RetryQueue(Protocol):
    """Where news waits that cannot be delivered now, and where it ends when it never can."""

    def schedule(self, notifications: Sequence[Notification]) -> set[str]:
        """Queue news for a later try, backing off by attempt; gives the senders parked."""

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send news to the dead-letter queue; gives the ids known to have arrived."""
