"""Observes the services: every fact that a guarantee speaks of is reported here once.

This one forgets everything. `process` is the invocation at work, or None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.session import Session
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome
from tests.support.memory.tables import Commit


@dataclass(slots=True, eq=False)
class Post:
    """One POST to the reply service: its moments, and the outcome once the caller knows it.

    `turn`: the claim that it was made for. `left_trace`: whether the reply service, when it
    accepted it, has left an outbound chat. `saw_message`: whether the index showed it the message
    when the POST came. `is_read`: whether its caller has read the answer. `accepted_at`: when the
    reply service accepted it, by its own clock (epoch seconds).
    """

    notification: Notification
    process: Any
    turn: Turn | None = None
    left_trace: bool = True
    saw_message: bool = True
    is_read: bool = False
    read_at: float = 0.0
    started: int = 0
    accepted: int | None = None
    accepted_at: float = 0.0
    outcome: Outcome | None = None


class Observer:
    """Called at the moment at which a thing takes effect, whether or not its caller hears of it."""

    def queried(self, process: Any, sender_id: str, shown: Session | None) -> None:
        """The index showed this session as the sender's newest."""

    def sighted(self, process: Any, session: Session) -> None:
        """A session's row was read consistently."""

    def committed(self, process: Any, commit: Commit) -> None:
        """Sessions and chats were written."""

    def opened_elsewhere(self, session: Session) -> None:
        """The reply service has opened a session of its own."""

    def quarantined(self, process: Any, rejected: RejectedRecord) -> None:
        """A record reached the dead-letter queue by our code."""

    def saved(
        self, process: Any, sender_id: str, before: NotificationState, after: NotificationState
    ) -> None:
        """A sender's row of `notifications` was replaced."""

    def limited(self, session: Session) -> None:
        """The reply service has limited a session."""

    def scheduled(self, process: Any, notification: Notification) -> None:
        """A notification reached the retry queue."""

    def dead_lettered(self, process: Any, rejected: RejectedNotification) -> None:
        """A notification was sent to the reply service's dead-letter queue by our code."""

    def posted(self, post: Post) -> None:
        """A POST was sent off; what becomes of it shows on it."""

    def answered(self, post: Post) -> None:
        """The caller of a POST has read its answer."""

    def accepted(self, post: Post) -> None:
        """The reply service accepted it, and answers the person."""
