"""The operator pauses and resumes senders, as `unc pause` and `unc resume` do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random

from consumer.conversation.session import Session, limited_until
from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from consumer.notification.state import NotificationState
from tests.simulation.outside import Outside
from tests.support.memory.fault_schedule import Fault

PAUSES_SECONDS = (2, 30, 600, 100_000)
PAUSES_AFTER_SECONDS = (0.0, 0.3, 5.0, 40.0)
RESUMES_AFTER_SECONDS = (1.0, 20.0, 300.0, 2000.0)


class Pausing:
    """Each pause is one write, and so is each resumption; then the newest message is queued."""

    def __init__(self, outside: Outside, random: Random) -> None:
        self._outside = outside
        self._random = random

    def posted(self, sender_id: str) -> None:
        """Pause somebody about whom a POST is open, or whose outcome is unknown, or nobody."""
        outside = self._outside
        if outside.faults.inject("operator.pause", (Fault.PAUSES,), outside.now()):
            outside.scheduler.after(
                self._random.choice(PAUSES_AFTER_SECONDS), partial(self._pause_now, sender_id)
            )

    def _pause_now(self, sender_id: str) -> None:
        """The session that counts; now and then the reply service completes it meanwhile."""
        seconds, resumes_after = (
            self._random.choice(choices) for choices in (PAUSES_SECONDS, RESUMES_AFTER_SECONDS)
        )
        session = self._newest(sender_id)
        if session is None or not session.is_active:
            return
        self._pause(session, self._outside.now() + seconds)
        if self._random.random() < 0.5:
            self._outside.scheduler.after(resumes_after, partial(self._resume, session.session_id))
        if self._random.random() < 0.5:
            self._outside.scheduler.after(1.0, partial(self._complete, session.session_id))

    def _complete(self, session_id: str) -> None:
        self._outside.service.complete(self._outside.tables.sessions[session_id])

    def _newest(self, sender_id: str) -> Session | None:
        sessions = self._outside.tables.sessions_of(sender_id)
        return max(sessions, key=lambda each: (each.created_at, each.session_id), default=None)

    def _pause(self, session: Session, until: float) -> None:
        if (limited_until(session) or 0.0) > until and not session.is_paused:
            return
        written = datetime.fromtimestamp(until, UTC).replace(tzinfo=None).isoformat()
        paused = replace(
            session,
            user_limited_until=written,
            paused_until=written,
            limited_before_pause=session.own_limit,
        )
        self._put(paused)
        self._outside.ledger.paused(paused)

    def _resume(self, session_id: str) -> None:
        session = self._outside.tables.sessions[session_id]
        if session.paused_until is None:
            return
        lifted = replace(
            session,
            user_limited_until=session.own_limit,
            paused_until=None,
            limited_before_pause=None,
        )
        self._put(lifted)
        self._outside.ledger.resumed(lifted)
        self._queue_newest(session.sender_id)

    def _put(self, session: Session) -> None:
        self._outside.tables.put_session(session, self._outside.now())

    def _queue_newest(self, sender_id: str) -> None:
        """Queue the newest message that nothing covers, as it is stored."""
        tables = self._outside.tables
        row = tables.notifications.get(sender_id, NotificationState())
        chats = [chat for key, chat in tables.chats.items() if key.sender_id == sender_id]
        newest = max(chats, key=lambda chat: Decimal(chat["stored_at"]), default=None)
        if newest is None or newest["stored_at"] <= row.notified_through:
            return
        notification = Notification(
            sender_id, newest["message_id"], newest["session_id"], newest["stored_at"]
        )
        self._outside.retries.send(retry_body(notification))
