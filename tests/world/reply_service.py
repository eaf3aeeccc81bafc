"""The reply service: it answers people, and does as it likes with sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from uuid import UUID

from consumer.conversation.session import ACTIVE, Session
from consumer.notification.notification import Notification
from consumer.notification.ports import Outcome
from consumer.notification.reply_service import CONNECT_SECONDS
from tests.world.faults import DEATH, DEEDS, POST, Fault, Faults
from tests.world.scheduler import Scheduler
from tests.world.tables import Tables
from tests.world.wire import Died, Wire
from tests.world.witness import Post, Witness

NOT_ACCEPTED = {
    Fault.REFUSED: Outcome.CANNOT_DELIVER_NOW,
    Fault.ERROR: Outcome.CANNOT_DELIVER_NOW,
    Fault.UNAUTHORIZED: Outcome.UNAUTHORIZED,
    Fault.REJECTED: Outcome.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Course:
    """How a POST goes, in seconds from its start: accepted (if ever), and over for the caller."""

    accepted_after: float | None
    over_after: float
    outcome: Outcome


class ReplyService:
    """Its own doings: at the POSTs it accepts, and at any other moment."""

    def __init__(
        self, tables: Tables, faults: Faults, scheduler: Scheduler, random: Random, witness: Witness
    ) -> None:
        self._tables = tables
        self._faults = faults
        self._scheduler = scheduler
        self._random = random
        self._witness = witness

    def accept(self, post: Post) -> None:
        """Answer the person, and do with the conversation what it sees fit."""
        self._witness.accepted(post)
        self.consider("deeds.at_a_post", post.notification.sender_id)

    def consider(self, site: str, sender_id: str) -> None:
        """Complete a session, open one, limit a user, or, mostly, nothing."""
        deed = self._faults.strike(site, DEEDS, self._scheduler.now)
        if deed is Fault.OPENS:
            self.open_session(sender_id)
        sessions = self._tables.sessions_of(sender_id)
        if not sessions or deed is None:
            return
        newest = max(sessions, key=lambda each: (each.created_at, each.session_id))
        if deed is Fault.COMPLETES:
            self.complete(newest)
        elif deed is Fault.LIMITS:
            self.limit(newest, self._random.choice([2, 30, 600, 100_000]))

    def open_session(self, sender_id: str) -> Session:
        session_id = str(UUID(int=self._random.getrandbits(128)))
        now = Decimal(int(self._scheduler.now))
        session = Session(session_id, sender_id, ACTIVE, now)
        self._tables.put_session(session, self._scheduler.now)
        self._witness.opened_elsewhere(session)
        return session

    def complete(self, session: Session) -> None:
        self._tables.put_session(replace(session, status="completed"), self._scheduler.now)

    def limit(self, session: Session, seconds: float) -> None:
        """Limit the user; the offset is left out, or written, as the service does both."""
        until = datetime.fromtimestamp(self._scheduler.now + seconds, UTC)
        written = until.replace(tzinfo=None) if self._random.random() < 0.5 else until
        limited = replace(session, user_limited_until=written.isoformat())
        self._tables.put_session(limited, self._scheduler.now)


class MemoryReplyService:
    """The ReplyService port; `timeout` in seconds."""

    def __init__(
        self,
        service: ReplyService,
        wire: Wire,
        faults: Faults,
        scheduler: Scheduler,
        random: Random,
        witness: Witness,
        timeout: float = 30.0,
    ) -> None:
        self._service = service
        self._wire = wire
        self._faults = faults
        self._scheduler = scheduler
        self._random = random
        self._witness = witness
        self._timeout = timeout

    def post(self, notifications: Sequence[Notification]) -> dict[str, Outcome]:
        """POST all at once; each is accepted, or not, whether or not the caller lives on."""
        death = self._faults.strike("reply.round", DEATH, self._wire.now)
        if death is Fault.DIES_BEFORE:
            raise Died
        posts = [Post(each, self._wire.process) for each in notifications]
        courses = [self._send(post) for post in posts]
        longest = max(course.over_after for course in courses)
        if death is not None:
            self._wire.sleep(longest * self._random.random())
            raise Died
        self._wire.sleep(longest)
        for post, course in zip(posts, courses, strict=True):
            post.outcome = course.outcome
        return {
            post.notification.sender_id: course.outcome
            for post, course in zip(posts, courses, strict=True)
        }

    def _send(self, post: Post) -> Course:
        self._witness.posted(post)
        course = self._course(self._faults.strike("reply.post", POST, self._wire.now))
        if course.accepted_after is not None:
            self._scheduler.after(course.accepted_after, partial(self._service.accept, post))
        return course

    def _course(self, fault: Fault | None) -> Course:
        draw = self._random.random()
        if fault in NOT_ACCEPTED:
            return Course(None, 0.01 + CONNECT_SECONDS * draw, NOT_ACCEPTED[fault])
        if fault is None or fault is Fault.SLOW:
            connecting = 0.0 if fault is None else draw * CONNECT_SECONDS
            seconds = connecting + 0.1 + draw * (3.0 if fault is None else 0.95 * self._timeout)
            return Course(seconds * 0.9, seconds, Outcome.ACCEPTED)
        accepted = draw * self._timeout * (2.0 if fault is Fault.TOO_SLOW else 0.9)
        over = self._timeout if fault is Fault.TOO_SLOW else accepted + 0.1
        is_accepted = self._random.random() < 0.5
        return Course(accepted if is_accepted else None, over, Outcome.UNKNOWN)
