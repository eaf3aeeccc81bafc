"""The reply service: it answers people, and does as it likes with sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from uuid import UUID

from consumer.conversation.session import ACTIVE, Session
from consumer.notification.notification import Notification
from consumer.notification.reply_service import CONNECT_SECONDS
from consumer.notification.step import Outcome, PostEnd
from tests.support.memory.fault_schedule import DEATH, DEEDS, POST, Fault, FaultSchedule
from tests.support.memory.observer import Observer, Post
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.tables import Tables
from tests.support.memory.wire import Died, Wire

INSTANT = 1e-6

NOT_ACCEPTED = {
    Fault.REFUSED: Outcome.CANNOT_DELIVER_NOW,
    Fault.ERROR: Outcome.CANNOT_DELIVER_NOW,
    Fault.UNAUTHORIZED: Outcome.UNAUTHORIZED,
    Fault.REJECTED: Outcome.REJECTED,
}


@dataclass(frozen=True, slots=True)
class PostTiming:
    """How a POST goes, in seconds from its start: accepted (if ever), and over for the caller."""

    accepted_after: float | None
    over_after: float
    outcome: Outcome


class ReplyService:
    """Its own doings: at the POSTs it accepts, and at any other moment."""

    def __init__(
        self,
        tables: Tables,
        faults: FaultSchedule,
        scheduler: Scheduler,
        random: Random,
        observer: Observer,
    ) -> None:
        self._tables = tables
        self._faults = faults
        self._scheduler = scheduler
        self._random = random
        self._observer = observer

    def read_conversation(self, post: Post) -> None:
        """Read the index, as the service does first, and note whether it shows the message."""
        newest = post.notification
        shown = self._tables.chat_index.newest(newest.sender_id, self._scheduler.now)
        post.saw_message = newest.message_id in [row["message_id"] for row in shown]

    def accept(self, post: Post) -> None:
        """Answer the person, and do with the conversation what it sees fit."""
        self._observer.accepted(post)
        sender_id, now = post.notification.sender_id, self._scheduler.now
        if self._faults.inject("deeds.trace", (Fault.LEAVES_NO_TRACE,), now):
            post.left_trace = False
        else:
            self._tables.put_reply(sender_id, now)
        self.consider("deeds.at_a_post", sender_id)

    def consider(self, site: str, sender_id: str) -> None:
        """Complete a session, open one, limit a user, or, mostly, nothing."""
        action = self._faults.inject(site, DEEDS, self._scheduler.now)
        if action is Fault.OPENS:
            self.open_session(sender_id)
        sessions = self._tables.sessions_of(sender_id)
        if not sessions or action is None:
            return
        newest = max(sessions, key=lambda each: (each.created_at, each.session_id))
        if action is Fault.COMPLETES:
            self.complete(newest)
        elif action is Fault.LIMITS:
            self.limit(newest, self._random.choice([2, 30, 600, 100_000]))

    def open_session(self, sender_id: str) -> Session:
        session_id = str(UUID(int=self._random.getrandbits(128)))
        now = Decimal(int(self._scheduler.now))
        session = Session(session_id, sender_id, ACTIVE, now)
        self._tables.put_session(session, self._scheduler.now)
        self._observer.opened_elsewhere(session)
        return session

    def complete(self, session: Session) -> None:
        self._put(replace(session, status="completed"))

    def limit(self, session: Session, seconds: float) -> None:
        """Limit the user; the offset is left out, or written, as the service does both."""
        until = datetime.fromtimestamp(self._scheduler.now + seconds, UTC)
        written = until.replace(tzinfo=None) if self._random.random() < 0.5 else until
        self._put(replace(session, user_limited_until=written.isoformat()))
        self._observer.limited(session)

    def _put(self, session: Session) -> None:
        now = self._scheduler.now
        self._tables.put_session(replace(session, updated_at=Decimal(int(now))), now)


class MemoryReplyService:
    """The ReplyService port; `timeout` in seconds."""

    def __init__(
        self,
        service: ReplyService,
        wire: Wire,
        faults: FaultSchedule,
        scheduler: Scheduler,
        random: Random,
        observer: Observer,
        timeout: float = 30.0,
    ) -> None:
        self._service = service
        self._wire = wire
        self._faults = faults
        self._scheduler = scheduler
        self._random = random
        self._observer = observer
        self._timeout = timeout

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[dict[str, PostEnd]]:
        """POST all at once; each is accepted, or not, whether or not the caller lives on."""
        death = self._faults.inject("reply.round", DEATH, self._wire.now)
        if death is Fault.DIES_BEFORE:
            raise Died
        if seconds_to_start < 0:
            yield {each.sender_id: PostEnd(Outcome.NOT_SENT) for each in notifications}
            return
        posts = [Post(each, self._wire.process) for each in notifications]
        began = self._wire.now
        courses = [(self._send(post), post) for post in posts]
        courses.sort(key=lambda each: each[0].over_after)
        if death is not None:
            self._wire.sleep(courses[-1][0].over_after * self._random.random())
            raise Died
        while courses:
            self._wire.sleep(max(0.0, began + courses[0][0].over_after - self._wire.now))
            now = self._wire.now + INSTANT
            come = [each for each in courses if began + each[0].over_after <= now]
            courses = courses[len(come) :]
            yield {p.notification.sender_id: PostEnd(timing.outcome) for timing, p in come}

    def _send(self, post: Post) -> PostTiming:
        self._service.read_conversation(post)
        self._observer.posted(post)
        timing = self._timing(self._faults.inject("reply.post", POST, self._wire.now))
        if timing.accepted_after is not None:
            self._scheduler.after(timing.accepted_after, partial(self._service.accept, post))
        self._scheduler.after(timing.over_after, partial(self._answer, post, timing))
        return timing

    def _answer(self, post: Post, timing: PostTiming) -> None:
        """The answer has come, if somebody still waits for it."""
        if post.process is None or not post.process.is_over:
            post.outcome, post.is_read = timing.outcome, True
            post.read_at = self._scheduler.now
            self._observer.answered(post)

    def _timing(self, fault: Fault | None) -> PostTiming:
        draw = self._random.random()
        if fault in NOT_ACCEPTED:
            return PostTiming(None, 0.01 + CONNECT_SECONDS * draw, NOT_ACCEPTED[fault])
        if fault is None or fault is Fault.SLOW:
            connecting = 0.0 if fault is None else draw * CONNECT_SECONDS
            seconds = connecting + 0.1 + draw * (3.0 if fault is None else 0.95 * self._timeout)
            return PostTiming(seconds * 0.9, seconds, Outcome.ACCEPTED)
        accepted = draw * self._timeout * (2.0 if fault is Fault.TOO_SLOW else 0.9)
        over = self._timeout if fault is Fault.TOO_SLOW else accepted + 0.1
        is_accepted = self._random.random() < 0.5
        return PostTiming(accepted if is_accepted else None, over, Outcome.UNKNOWN)
