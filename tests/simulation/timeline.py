"""A ledger that also writes one line for each fact, for the reader of a failing history."""

from __future__ import annotations

from typing import Any

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.session import Session
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.state import NotificationState
from tests.simulation.functions import Invocation
from tests.simulation.ledger import Ledger
from tests.simulation.settings import START
from tests.simulation.webhooks import Webhook
from tests.support.memory.fault_schedule import InjectedFault
from tests.support.memory.observer import Post
from tests.support.memory.queues import Message
from tests.support.memory.tables import Commit


class Timeline(Ledger):
    """`lines`: the history in the order in which it happened."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lines: list[str] = []

    def note(self, process: Invocation | None, what: str) -> None:
        who = f"invocation {process.number}" if process else ""
        self.lines.append(f"{self._clock() - START:10.3f}  {who:15} {what}")

    def fault_injected(self, process: Invocation | None, injected: InjectedFault) -> None:
        self.note(process, f"FAULT {injected.name}: {injected.fault.value}")

    def submitted(self, webhook: Webhook, message: Message) -> None:
        super().submitted(webhook, message)
        who = f" of {webhook.sender_id}" if webhook.sender_id else ""
        self.note(None, f"{webhook.kind.value} {webhook.number}{who} is queued as {message.id}")

    def reached_dead_letters(self, message: Message) -> None:
        super().reached_dead_letters(message)
        self.note(None, f"{message.id} lies in the dead-letter queue")

    def redriven(self, old: Message, new: Message) -> None:
        super().redriven(old, new)
        self.note(None, f"{old.id} is redriven as {new.id}")

    def opened_elsewhere(self, session: Session) -> None:
        super().opened_elsewhere(session)
        self.note(None, f"the reply service opens {_session(session)} of {session.sender_id}")

    def queried(self, process: Invocation, sender_id: str, shown: Session | None) -> None:
        super().queried(process, sender_id, shown)
        what = f"{_session(shown)}, {shown.status}" if shown else "nothing"
        self.note(process, f"the index shows of {sender_id}: {what}")

    def committed(self, process: Invocation, commit: Commit) -> None:
        for session in commit.opened:
            self.note(process, f"opens {_session(session)} of {session.sender_id}")
        for put in commit.chats:
            moment = put.row["stored_at"]
            self.note(process, f"stores {_id(put.key.message_id)}, stored_at {moment}")
        super().committed(process, commit)

    def quarantined(self, process: Invocation, rejected: RejectedRecord) -> None:
        super().quarantined(process, rejected)
        self.note(process, f"quarantines {rejected.record.id}: {rejected.reason}")

    def saved(
        self,
        process: Invocation,
        sender_id: str,
        before: NotificationState,
        after: NotificationState,
    ) -> None:
        super().saved(process, sender_id, before, after)
        turn, pending = after.turn, after.pending
        what = f"through {after.notified_through}"
        what += (
            f", turn {_notification(turn.notification)} until {turn.open_until:.2f}" if turn else ""
        )
        what += f", pending {_notification(pending.notification)}" if pending else ""
        what += f", wakes {after.wake_at:.2f}" if after.wake_at else ""
        self.note(process, f"writes the row of {sender_id}: {what}")

    def limited(self, session: Session) -> None:
        super().limited(session)
        self.note(None, f"the reply service limits {_session(session)} of {session.sender_id}")

    def paused(self, session: Session) -> None:
        super().paused(session)
        until = session.user_limited_until
        self.note(None, f"the operator pauses {session.sender_id} until {until}")

    def resumed(self, session: Session) -> None:
        super().resumed(session)
        self.note(None, f"the operator resumes {session.sender_id}")

    def scheduled(self, process: Invocation, notification: Notification) -> None:
        super().scheduled(process, notification)
        self.note(process, f"schedules a retry of {_notification(notification)}")

    def dead_lettered(self, process: Invocation, rejected: RejectedNotification) -> None:
        super().dead_lettered(process, rejected)
        self.note(process, f"dead-letters {rejected.id}: {rejected.reason}")

    def posted(self, post: Post) -> None:
        super().posted(post)
        self.note(post.process, f"POSTs {_notification(post.notification)}")

    def accepted(self, post: Post) -> None:
        super().accepted(post)
        self.note(None, f"the reply service accepts {_notification(post.notification)}")

    def ended(self, process: Invocation) -> None:
        super().ended(process)
        how = "dies" if process.died else f"raises {process.raised!r}" if process.raised else "ends"
        self.note(process, how)

    def violated(self, guarantee: str, what: str) -> None:
        super().violated(guarantee, what)
        self.note(None, f"VIOLATION {guarantee}: {what}")


def _id(message_id: str) -> str:
    return message_id.lstrip("SM0") or "0"


def _session(session: Session) -> str:
    return f"session {session.session_id[:8]} ({session.created_at - int(START):+})"


def _notification(notification: Notification) -> str:
    key = f"{_id(notification.message_id)} of {notification.sender_id}"
    return f"{key}, attempt {notification.attempt}"
