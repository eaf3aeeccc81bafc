"""The two halves put together for unit tests, a clock, and doubles of the notifier's ports."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import to_item
from consumer.conversation.chat import chat_item
from consumer.conversation.session_key import SessionKey
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.notifier_rules import NotifierRules
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.retry_record import read_retry_record
from consumer.notification.state import NotificationState, StateChange
from consumer.notification.step import Outcome, PostEnd, ResendUnknown, TurnRules
from consumer.retry_budget import RetryBudget
from container import NotifierDependencies, QueueDependencies, Runtime
from handlers.dynamo_event_handler import handle_retries, handle_stream
from logger_setup import Logger
from tests.support.builders import SENDER, message, stream_record
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.notification_store import MemoryNotificationStore
from tests.support.memory.queues import Message
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.services import MemoryServices
from tests.support.memory.tables import PutChat, Tables

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


class ScriptedFaults(FaultSchedule):
    """Faults for the next visits of a site, in order; None lets one pass."""

    def __init__(self) -> None:
        super().__init__(Chance(0))
        self.script: dict[str, list[Fault | None]] = {}

    def inject(self, site: str, kinds: Sequence[Fault], now: float) -> Fault | None:
        if self.script.get(site):
            return self.script[site].pop(0)
        return super().inject(site, kinds, now)

    def mend(self) -> None:
        """Let every call succeed again."""
        self._outages.clear()


@dataclass
class TroubledNotifications:
    """The store; rows of `unreadable` senders are left out.

    `rejects`: no read will ever be allowed. `slow_seconds`: what each save takes.
    """

    store: MemoryNotificationStore
    services: MemoryServices
    unreadable: set[str] = field(default_factory=set)
    rejects: bool = False
    slow_seconds: float = 0.0
    before_save: Callable[[], None] = lambda: None
    queries: list[NotificationQuery] = field(default_factory=list)

    def read(self, query: NotificationQuery) -> NotificationReads:
        self.queries.append(query)
        if self.rejects:
            return NotificationReads(problems=["Refused"], is_rejected=True)
        reads = self.store.read(query)
        reads.states = {s: row for s, row in reads.states.items() if s not in self.unreadable}
        return reads

    def save(self, changes: Sequence[StateChange]) -> SaveResult:
        self.before_save()
        self.services.wire.sleep(self.slow_seconds)
        return self.store.save(changes)


@dataclass
class ScriptedReplies:
    """Answers each sender by the script, one after the other, everyone else well."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    notified: list[Notification] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None
    on_answer: Callable[[str], None] = lambda sender: None

    @property
    def texts(self) -> list[str | None]:
        return [each.text for each in self.notified]

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[dict[str, PostEnd]]:
        if seconds_to_start < 0:
            yield {each.sender_id: PostEnd(Outcome.NOT_SENT) for each in notifications}
            return
        self.notified += notifications
        self.on_post()
        for each in notifications:
            sender = each.sender_id
            outcome = self.outcomes.get(sender, Outcome.ACCEPTED)
            yield {sender: PostEnd(outcome, self.codes.get(sender, ""))}
            self.on_answer(sender)


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

    def __init__(self, tells_reasons: bool = True, faults: FaultSchedule | None = None) -> None:
        self.log = Silence()
        self.refuses: set[str] = set()
        self._keys = itertools.count(1)
        self.services = MemoryServices(
            Scheduler(NOW),
            faults=faults,
            tables=Tables(refuses=lambda row: row["message_id"] in self.refuses),
        )
        self.dependencies = QueueDependencies(
            conversations=self.services.conversation_store(tells_reasons),
            dead_letters=self.services.dead_letter_queue(),
            log=Logger("test", self.log),
            runtime=self.services.runtime(),
            session_key=self.new_session_key(),
        )

    def new_session_key(self) -> SessionKey:
        """What a fresh container knows of the key: nothing yet."""
        return SessionKey(self.services.session_key_store(), lambda: f"{next(self._keys):064x}")

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


RULES = TurnRules(max_attempts=3, resend_unknown=ResendUnknown.CHECK, open_seconds=25.0)


@dataclass
class StreamWorld:
    """The stream half on the services in memory, with a scripted reply service.

    A POST has to start within 10 seconds of its claim and takes 20 seconds at the most, any
    other call 5; a backoff is as long as it can be.
    """

    rules: TurnRules = RULES
    round_size: int = 100
    log: Silence = field(default_factory=Silence)
    replies: ScriptedReplies = field(default_factory=ScriptedReplies)

    def __post_init__(self) -> None:
        tokens = itertools.count(1)
        self.faults = ScriptedFaults()
        self.services = MemoryServices(Scheduler(NOW + 1.0), faults=self.faults)
        self.tables = self.services.tables
        self.notifications = TroubledNotifications(
            self.services.notification_store(), self.services
        )
        self.dependencies = NotifierDependencies(
            self.notifications,
            self.replies,
            self.services.retry_queue(),
            Logger("test", self.log),
            NotifierRules(self.rules, 20.0, 5.0, self.round_size, 10.0),
            self.services.runtime(),
            new_token=lambda: f"token{next(tokens)}",
        )

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self.services.now()

    @property
    def calls(self) -> dict[str, int]:
        """How many calls each of AWS's sites has had."""
        return dict(self.services.wire.calls)

    def notify(self, *records: object, seconds: float = 60.0) -> None:
        """Hand over a batch of the stream."""
        handle_stream(records, Context(seconds), self.dependencies)

    def retry(self, *records: object, seconds: float = 60.0) -> list[str]:
        """Hand over a batch of the retry queue; gives what shall come again."""
        return handle_retries(records, Context(seconds), self.dependencies)

    def fail(self, port: str, fault: Fault = Fault.THROTTLED) -> None:
        """Let every call to a port fail from now on."""
        self.faults.fail(port, fault)

    def pass_time(self, seconds: float) -> None:
        self.services.scheduler.pause(seconds)

    def store(
        self,
        number: int = 1,
        sender: str = SENDER,
        text: str = "hi",
        opt_out: str = "",
        session_id: str = "session-1",
    ) -> dict[str, Any]:
        """Store the nth chat now; gives its stream record."""
        moment = Decimal(f"{self.now:.3f}")
        metadata = {"OptOutType": opt_out} if opt_out else {}
        chat = replace(message(number, sender, Body=text, **metadata), created_at=moment)
        row = chat_item(chat, session_id, moment)
        self.tables.apply([PutChat(chat.key, row)], self.now)
        return stream_record(**to_item(row))

    def receive(self, *records: dict[str, Any], seconds: float = 60.0) -> None:
        """Hand over records of the stream in a batch of their own each."""
        for each in records:
            self.notify(each, seconds=seconds)

    def row(self, sender: str = SENDER) -> NotificationState:
        return self.tables.notifications.get(sender, NotificationState())

    def put_row(self, row: NotificationState, sender: str = SENDER) -> None:
        self.tables.notifications[sender] = replace(row, revision=row.revision or "before")

    def wake_ups(self) -> list[Notification]:
        """What waits in the retry queue, the soonest first."""
        read = [read_retry_record({"body": each.body}) for each in self._waiting()]
        return [each for each in read if isinstance(each, Notification)]

    def dead_letters(self) -> list[RejectedNotification]:
        """What lies in the dead-letter queue; the id is the queue's."""
        letters = self.services.reply_dead_letters.messages.values()
        return [RejectedNotification(m.id, m.body, m.attributes["Reason"]) for m in letters]

    def wake(self) -> None:
        """Pass the time to the next wake-up and handle it."""
        soonest = self._waiting()[0]
        self.pass_time(max(0.0, soonest.visible_at - self.now))
        if not self.retry({"messageId": soonest.id, "body": soonest.body}):
            self.services.retries.delete(soonest)

    def wake_all(self, most: int = 50) -> None:
        """Handle wake-ups until none is left."""
        for _ in range(most):
            if not self._waiting():
                return
            self.wake()
        raise AssertionError(f"still waking after {most} wake-ups")

    def _waiting(self) -> list[Message]:
        return sorted(self.services.retries.messages.values(), key=lambda m: m.visible_at)


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
