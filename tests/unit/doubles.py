"""The smallest stand-ins for the ports: they hold what they are given, or are down."""

import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.batches import Rejected
from domain.chats import ChatKey
from domain.news import News, RejectedNews
from domain.notifications import Claim, Notification
from domain.patience import Patience
from domain.ports import Audience, Claimed, Known, Outcome, Unit, Written
from domain.sessions import Session
from domain.telling import TellingRules
from handlers.dynamo_event_handler import handle_retries, handle_stream
from logger_setup import Logger
from wiring import QueueSide, StreamSide, Surroundings

NOW = 1_795_000_000.0


@dataclass
class Time:
    """A clock that only sleeping and calls move."""

    now: float = 100.0
    chance: float = 1.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self, seconds: float, margin: float = 1.0) -> Patience:
        end = self.now + seconds
        return Patience(lambda: end - self.now, margin, self.sleep, lambda: self.chance)

    def surroundings(self) -> Surroundings:
        return Surroundings(
            clock=lambda: NOW + self.now,
            monotonic=lambda: self.now,
            sleep=self.sleep,
            random=lambda: self.chance,
        )


@dataclass
class Switch:
    """Whether something answers, and how long it takes to fail when it does not."""

    time: Time
    is_down: bool = False
    seconds_to_fail: float = 0.0
    calls: int = 0

    def fails(self) -> bool:
        self.calls += 1
        self.time.now += self.seconds_to_fail if self.is_down else 0.0
        return self.is_down


@dataclass
class MemoryConversations(Switch):
    """Sessions and chats; `refuses` names message ids that the table will never take.

    `index` is what a lagging index says in place of the truth.
    """

    sessions: dict[str, Session] = field(default_factory=dict)
    index: dict[str, Session | None] = field(default_factory=dict)
    chats: dict[ChatKey, str] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)

    def look_up(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> Known:
        if self.fails():
            return Known(problems=["Down"])
        newest = {
            sender: max(
                (each for each in self.sessions.values() if each.sender_id == sender),
                key=lambda each: each.created_at,
                default=None,
            )
            for sender in senders
        }
        newest |= {sender: row for sender, row in self.index.items() if sender in senders}
        rows = {each: self.sessions.get(each) for each in sessions}
        return Known(newest, rows, {key: key in self.chats for key in chats})

    def write(self, units: Sequence[Unit], stored_at: Decimal) -> Written:
        if self.fails():
            return Written(problems=["Down"])
        if any(m.message_id in self.refuses for unit in units for m in unit.messages):
            [name, *others] = [unit.session.session_id for unit in units]
            return Written(refused={} if others else {name: "ValidationException"})
        there = {u.session.session_id for u in units if u.opens} & self.sessions.keys()
        if there:
            return Written(existing={each: self.sessions[each] for each in there})
        written = Written()
        for unit in units:
            if unit.opens:
                self.sessions[unit.session.session_id] = unit.session
                written.opened.add(unit.session.session_id)
            self.chats |= {message.key: unit.session.session_id for message in unit.messages}
            written.stored |= {message.key for message in unit.messages}
        return written


@dataclass
class MemoryDeadLetters(Switch):
    letters: list[Rejected] = field(default_factory=list)

    def quarantine(self, rejected: Sequence[Rejected]) -> set[str]:
        if self.fails():
            return set()
        self.letters += rejected
        return {each.record.id for each in rejected}


@dataclass
class MemoryNotifications(Switch):
    """Rows by sender; every session asked for is there and limits nobody.

    Rows of `unreadable` senders are left out, claims of `unclear` ones have no outcome.
    """

    rows: dict[str, Notification] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    settles: bool = True
    loses: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    declines: bool = False
    seconds_to_claim: float = 0.0
    texts: dict[ChatKey, str | None] = field(default_factory=dict)

    def look_up(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> Audience:
        if self.fails():
            return Audience(problems=["Down"], declined=self.declines)
        return Audience(
            {each: self.sessions.get(each) for each in sessions},
            {each: self.rows.get(each) for each in senders if each not in self.unreadable},
            {each: self.texts.get(each, "read again") for each in chats},
        )

    def claim(self, claims: Sequence[Claim]) -> Claimed:
        if self.fails():
            return Claimed(problems=["Down"])
        self.time.now += self.seconds_to_claim
        claims = [each for each in claims if each.news.sender_id not in self.unclear]
        for each in (each for each in claims if each.news.sender_id not in self.loses):
            told = self.rows.get(each.news.sender_id, Notification()).through
            self.rows[each.news.sender_id] = Notification(
                each.news.stored_at, each.token, told, each.news.message_id, each.expires_at
            )
        senders = {each.news.sender_id for each in claims}
        return Claimed(senders - self.loses, senders & self.loses)

    def release(self, claims: Sequence[Claim]) -> set[str]:
        if self.fails():
            return set()
        self.released += [each.news.sender_id for each in claims]
        return {each.news.sender_id for each in claims}

    def settle(self, through: Mapping[str, Decimal]) -> set[str]:
        if self.fails() or not self.settles:
            return set()
        for sender, moment in through.items():
            self.rows[sender] = Notification(moment, "token", moment)
        return set(through)


@dataclass
class ScriptedReplies:
    """Answers each sender by the script, everyone else well."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    told: list[News] = field(default_factory=list)
    on_tell: Callable[[], None] = lambda: None

    def tell(self, news: Sequence[News]) -> dict[str, Outcome]:
        self.on_tell()
        self.told += news
        return {n.sender_id: self.outcomes.get(n.sender_id, Outcome.ACCEPTED) for n in news}


@dataclass
class MemoryRetryQueue(Switch):
    parked: list[News] = field(default_factory=list)
    ended: list[RejectedNews] = field(default_factory=list)

    def park(self, news: Sequence[News]) -> set[str]:
        if self.fails():
            return set()
        self.parked += news
        return {each.sender_id for each in news}

    def give_up(self, rejected: Sequence[RejectedNews]) -> set[str]:
        if self.fails():
            return set()
        self.ended += rejected
        return {each.id for each in rejected}


class Silence:
    """A stream that keeps every line, for tests that look at the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        self.lines.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


@dataclass
class QueueWorld:
    """The queue half with everything in memory."""

    time: Time = field(default_factory=Time)
    log: Silence = field(default_factory=Silence)

    def __post_init__(self) -> None:
        self.store = MemoryConversations(self.time)
        self.dead_letters = MemoryDeadLetters(self.time)
        self.side = QueueSide(
            conversations=self.store,
            dead_letters=self.dead_letters,
            log=Logger("test", self.log),
            max_receive_count=10,
            surroundings=self.time.surroundings(),
        )


@dataclass
class StreamWorld:
    """The stream half with everything in memory."""

    resends_unknown: bool = False
    round_size: int = 100
    max_attempts: int = 3
    time: Time = field(default_factory=Time)
    log: Silence = field(default_factory=Silence)

    def __post_init__(self) -> None:
        tokens = itertools.count(1)
        self.notifications = MemoryNotifications(self.time)
        self.replies = ScriptedReplies()
        self.retry_queue = MemoryRetryQueue(self.time)
        self.side = StreamSide(
            self.notifications,
            self.replies,
            self.retry_queue,
            Logger("test", self.log),
            TellingRules(self.max_attempts, self.resends_unknown, 20.0, 5.0, self.round_size),
            self.time.surroundings(),
            new_token=lambda: f"token{next(tokens)}",
        )

    def tell(self, *records: object, seconds: float = 60.0) -> None:
        """Hand over a batch of the stream."""
        handle_stream(records, Context(seconds), self.side)

    def retry(self, *records: object, seconds: float = 60.0) -> list[str]:
        """Hand over a batch of the retry queue; gives what shall come again."""
        return handle_retries(records, Context(seconds), self.side)


class Context:
    """As much of a Lambda context as matters."""

    aws_request_id = "request-1"

    def __init__(self, seconds: float = 30.0) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def lines_with(world: QueueWorld | StreamWorld, event: str) -> list[dict[str, Any]]:
    """The log entries of one event."""
    entries = [json.loads(line) for line in world.log.lines if line.strip()]
    return [entry for entry in entries if entry["message"] == event]
