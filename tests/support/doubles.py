"""The two halves put together for unit tests, a clock, and doubles of the notifier's ports."""

import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from consumer.conversation.session import Session
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.notifier import NotifierRules
from consumer.notification.ports import ClaimResult, NotificationReads, Outcome
from consumer.notification.state import Claim, NotificationState
from consumer.retry_budget import RetryBudget
from consumer.webhook.message import ChatKey
from container import NotifierDependencies, QueueDependencies, Runtime
from handlers.dynamo_event_handler import handle_retries, handle_stream
from logger_setup import Logger
from tests.support.memory.fault_schedule import Fault
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.services import MemoryServices
from tests.support.memory.tables import Tables

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

    def budget(self, seconds: float, margin: float = 1.0) -> RetryBudget:
        end = self.now + seconds
        return RetryBudget(lambda: end - self.now, margin, self.sleep, lambda: self.chance)

    def runtime(self) -> Runtime:
        return Runtime(
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
class MemoryNotifications(Switch):
    """Rows by sender; every session that is read exists and is not limited.

    Rows of `unreadable` senders are left out, claims of `unclear` ones have no outcome.
    """

    rows: dict[str, NotificationState] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    settles: bool = True
    loses: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    rejects: bool = False
    seconds_to_claim: float = 0.0
    texts: dict[ChatKey, str | None] = field(default_factory=dict)

    def read(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> NotificationReads:
        if self.fails():
            return NotificationReads(problems=["Down"], is_rejected=self.rejects)
        return NotificationReads(
            {each: self.sessions.get(each) for each in sessions},
            {each: self.rows.get(each) for each in senders if each not in self.unreadable},
            {each: self.texts.get(each, "read again") for each in chats},
        )

    def claim(self, claims: Sequence[Claim]) -> ClaimResult:
        if self.fails():
            return ClaimResult(problems=["Down"])
        self.time.now += self.seconds_to_claim
        claims = [each for each in claims if each.notification.sender_id not in self.unclear]
        for each in (each for each in claims if each.notification.sender_id not in self.loses):
            notified = self.rows.get(
                each.notification.sender_id, NotificationState()
            ).notified_through
            self.rows[each.notification.sender_id] = NotificationState(
                each.notification.stored_at,
                each.token,
                notified,
                each.notification.message_id,
                each.expires_at,
            )
        senders = {each.notification.sender_id for each in claims}
        return ClaimResult(senders - self.loses, senders & self.loses)

    def release(self, claims: Sequence[Claim]) -> set[str]:
        if self.fails():
            return set()
        self.released += [each.notification.sender_id for each in claims]
        return {each.notification.sender_id for each in claims}

    def settle(self, notified_through: Mapping[str, Decimal]) -> set[str]:
        if self.fails() or not self.settles:
            return set()
        for sender, moment in notified_through.items():
            self.rows[sender] = NotificationState(moment, "token", moment)
        return set(notified_through)


@dataclass
class ScriptedReplies:
    """Answers each sender by the script, everyone else well."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    notified: list[Notification] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    def post(self, notifications: Sequence[Notification]) -> dict[str, Outcome]:
        self.on_post()
        self.notified += notifications
        return {
            n.sender_id: self.outcomes.get(n.sender_id, Outcome.ACCEPTED) for n in notifications
        }


@dataclass
class MemoryRetryQueue(Switch):
    scheduled: list[Notification] = field(default_factory=list)
    ended: list[RejectedNotification] = field(default_factory=list)

    def schedule(self, notifications: Sequence[Notification]) -> set[str]:
        if self.fails():
            return set()
        self.scheduled += notifications
        return {each.sender_id for each in notifications}

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
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


class QueueWorld:
    """The queue half on services in memory; `refuses`: message ids that the table never takes.

    `tells_reasons` False: a refused item fails its transaction without saying which it is.
    """

    def __init__(self, tells_reasons: bool = True) -> None:
        self.log = Silence()
        self.refuses: set[str] = set()
        self.services = MemoryServices(
            Scheduler(NOW), tables=Tables(refuses=lambda row: row["message_id"] in self.refuses)
        )
        self.dependencies = QueueDependencies(
            conversations=self.services.conversation_store(tells_reasons),
            dead_letters=self.services.dead_letter_queue(),
            log=Logger("test", self.log),
            max_receive_count=10,
            runtime=self.services.runtime(),
        )

    @property
    def tables(self) -> Tables:
        return self.services.tables

    @property
    def calls(self) -> int:
        """How many calls were made to any service."""
        return self.services.wire.calls.total()

    def fail(self, port: str, fault: Fault = Fault.THROTTLED) -> None:
        """Let every call to a port fail from now on."""
        self.services.faults.fail(port, fault)

    def session_ids(self) -> set[str]:
        """The sessions that chats went to."""
        return {row["session_id"] for row in self.tables.chats.values()}


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
        self.dependencies = NotifierDependencies(
            self.notifications,
            self.replies,
            self.retry_queue,
            Logger("test", self.log),
            NotifierRules(self.max_attempts, self.resends_unknown, 20.0, 5.0, self.round_size),
            self.time.runtime(),
            new_token=lambda: f"token{next(tokens)}",
        )

    def notify(self, *records: object, seconds: float = 60.0) -> None:
        """Hand over a batch of the stream."""
        handle_stream(records, Context(seconds), self.dependencies)

    def retry(self, *records: object, seconds: float = 60.0) -> list[str]:
        """Hand over a batch of the retry queue; gives what shall come again."""
        return handle_retries(records, Context(seconds), self.dependencies)


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
