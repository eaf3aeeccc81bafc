"""What the notifier reads from and does to the outside; conversation/ports.py has the rules."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from consumer.conversation.session import Session
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.state import NotificationState, StateChange
from consumer.notification.step import PostEnd
from consumer.webhook.message import ChatKey


@dataclass(frozen=True, slots=True)
class NotificationQuery:
    """What to read. `states`, `newest`: senders. `evidence`, `absence`: by sender, since when.

    Moments in epoch seconds.
    """

    states: Collection[str] = ()
    sessions: Collection[str] = ()
    texts: Collection[ChatKey] = ()
    newest: Collection[str] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    absence: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class NotificationReads:
    """What was read; absent keys are not known yet.

    `newest`: by sender the newest inbound messages and the newest session, as the lagging
    indexes have them. `evidence`: whether the indexes show that the reply service has answered
    or limited the sender. `absence`: whether consistent reads show that it has not.
    `is_rejected`: the store does not allow such a read, so repeating it is in vain.
    """

    states: dict[str, NotificationState] = field(default_factory=dict)
    sessions: dict[str, Session | None] = field(default_factory=dict)
    texts: dict[ChatKey, str | None] = field(default_factory=dict)
    newest: dict[str, Sequence[Notification]] = field(default_factory=dict)
    current_sessions: dict[str, Session | None] = field(default_factory=dict)
    evidence: dict[str, bool] = field(default_factory=dict)
    absence: dict[str, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False


@dataclass(slots=True)
class SaveResult:
    """Senders whose row was written, and those whose row is no longer what was read."""

    saved: set[str] = field(default_factory=set)
    conflicts: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class NotificationStore(Protocol):
    """The rows that decide whether to notify, and what is read to decide it."""

    def read(self, query: NotificationQuery) -> NotificationReads:
        """Read rows, sessions and texts consistently, the rest as NotificationReads says."""

    def save(self, changes: Sequence[StateChange]) -> SaveResult:
        """Replace rows on condition of their revisions; one a sender.

        Repeating a change that was applied counts as saved, as long as the row is still its own.
        """


class ReplyService(Protocol):
    """The service that answers people."""

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[Mapping[str, PostEnd]]:
        """POST all at once; gives how each ended, by sender, as the answers come.

        No POST starts later than `seconds_to_start` from now: then it ends as NOT_SENT.
        """


class RetryQueue(Protocol):
    """The timer of turns and retries, and the queue where notifications end."""

    def schedule(self, notifications: Sequence[Notification], now: float) -> set[str]:
        """Queue each until its `wake_at`; gives the senders whose wake-up was accepted."""

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send each to the dead-letter queue; gives the ids known to have arrived."""
