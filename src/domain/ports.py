"""What the core asks of the outside, and what it may answer.

Every call is one try. An answer leaves out what it does not know (throttled,
unprocessed, timed out, outcome unknown) and says why in `problems`, as codes that
show nothing of a message; the core asks again for the rest. Nothing here raises
for a fault of the outside.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Protocol

from domain.batches import Rejected
from domain.chats import ChatKey, InboundMessage
from domain.news import News, RejectedNews
from domain.notifications import Claim, Notification
from domain.sessions import Session


@dataclass(slots=True)
class Known:
    """What reads have told: by sender the index's newest session, by key the rows themselves.

    A key that is there with None (or False) is known not to exist. `declined`: the store
    refuses to be read like this (a right is missing, or a table), so asking again is in vain.
    """

    newest: dict[str, Session | None] = field(default_factory=dict)
    sessions: dict[str, Session | None] = field(default_factory=dict)
    stored: dict[ChatKey, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """What is written for one sender, all or nothing: a session to open first, and messages."""

    session: Session
    opens: bool
    messages: Sequence[InboundMessage]


@dataclass(slots=True)
class Written:
    """What a write did. A message is in at most one of `stored`, `present` and `refused`.

    `opened`: sessions that this write created. `existing`: sessions that were there
    already, as they are. `refused`: sessions' units that can never be written so, by
    session id, with the reason. `declined`: the store refuses to be written to like this,
    whatever the units hold, so another try is in vain.
    """

    stored: set[ChatKey] = field(default_factory=set)
    present: set[ChatKey] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    existing: dict[str, Session] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    declined: bool = False


class ConversationStore(Protocol):
    """Sessions and chats."""

    def look_up(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> Known:
        """Read the newest session of each sender from the index (which lags), rows consistently."""

    def write(self, units: Sequence[Unit], stored_at: Decimal) -> Written:
        """Write units in one atomic step; no row that exists is ever changed.

        What is too much for one step is written in several, each with a later `stored_at`,
        and none after one of which nothing is known.
        """


class DeadLetters(Protocol):
    """The queue for bodies that will never be stored."""

    def quarantine(self, rejected: Sequence[Rejected]) -> set[str]:
        """Send records there; gives the ids of those known to have arrived."""


class Outcome(Enum):
    """How a POST to the reply service ended."""

    ACCEPTED = "accepted"
    CANNOT_DELIVER_NOW = "cannot deliver now"
    UNAUTHORIZED = "unauthorized"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Audience:
    """What the notifier reads before it speaks; absent keys are not known yet.

    `declined`: the store refuses to be read like this, so asking again is in vain.
    """

    sessions: dict[str, Session | None] = field(default_factory=dict)
    notifications: dict[str, Notification | None] = field(default_factory=dict)
    texts: dict[ChatKey, str | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    declined: bool = False


@dataclass(slots=True)
class Claimed:
    """Senders whose news this try claimed, and those where somebody else's claim stands."""

    won: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class NotificationStore(Protocol):
    """What has been told to whom, and the rows that decide whether to tell."""

    def look_up(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> Audience:
        """Read sessions, notification rows and chat texts consistently."""

    def claim(self, claims: Sequence[Claim]) -> Claimed:
        """Take responsibility for news; only one of several claimers of the same news wins.

        Repeating a claim with the same token wins again.
        """

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """Give back claims of which it is known that nobody was told; gives the senders."""

    def settle(self, through: Mapping[str, Decimal]) -> set[str]:
        """Record up to where each sender's news is dealt with; it never moves back."""


class ReplyService(Protocol):
    """The service that answers people."""

    def tell(self, news: Sequence[News]) -> dict[str, Outcome]:
        """POST all at once; gives how each ended, by sender."""


class RetryQueue(Protocol):
    """Where news waits that cannot be delivered now, and where it ends when it never can."""

    def park(self, news: Sequence[News]) -> set[str]:
        """Queue news for a later try, backing off by attempt; gives the senders parked."""

    def give_up(self, rejected: Sequence[RejectedNews]) -> set[str]:
        """Send news to the dead-letter queue; gives the ids known to have arrived."""
