"""Event source mappings: they bring batches to functions and act on what these answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from adapters.values import to_item
from tests.simulation.functions import Function, Invocation
from tests.simulation.settings import Settings
from tests.world.faults import Fault, Faults
from tests.world.queues import FifoQueue, Message, StandardQueue
from tests.world.scheduler import Scheduler
from tests.world.tables import Row

BATCH_SIZE = 10
MOST_STREAM_ATTEMPTS = 31
OLDEST_STREAM_RECORD_SECONDS = 21_600

Record = Mapping[str, Any]
Handle = Callable[[Sequence[Record], Invocation, Any], Iterable[str]]


@dataclass(slots=True)
class Delivery:
    """A batch in an invocation's hands; `failures` None until the function has answered."""

    messages: Sequence[Message]
    receipts: Mapping[str, int]
    failures: frozenset[str] | None = None

    def still_holds(self, message: Message) -> bool:
        """Whether nobody has received it since."""
        return message.receives == self.receipts[message.id]


class QueueMapping:
    """From a queue, with partial failures; `on_end` hears of a delivery before it takes effect."""

    def __init__(
        self,
        queue: FifoQueue | StandardQueue,
        function: Function[Any],
        handle: Handle,
        settings: Settings,
        scheduler: Scheduler,
        faults: Faults,
        random: Random,
        visibility: float,
    ) -> None:
        self._queue = queue
        self._function = function
        self._handle = handle
        self._settings = settings
        self._scheduler = scheduler
        self._faults = faults
        self._random = random
        self._visibility = visibility
        self._under_way = 0
        self.on_start: Callable[[Delivery, Invocation], None] = lambda delivery, invocation: None
        self.on_end: Callable[[Delivery, Invocation], None] = lambda delivery, invocation: None
        self.on_delete: Callable[[Message], None] = lambda message: None

    def poll_soon(self, message: Message) -> None:
        """A message has come, which may be visible only later."""
        wait = max(0.0, message.visible_at - self._scheduler.now)
        self._scheduler.after(wait + 0.05 * self._random.random(), self.poll)

    def poll(self) -> None:
        """Receive and invoke, as long as there is something and somebody free."""
        while self._under_way < self._settings.concurrency:
            limit = self._random.choice([1, BATCH_SIZE, BATCH_SIZE])
            messages = self._queue.receive(limit, self._visibility, self._random)
            if not messages:
                return
            delivery = Delivery(messages, {each.id: each.receives for each in messages})
            self._deliver(delivery)
            self._scheduler.after(self._visibility, self.poll)

    def _deliver(self, delivery: Delivery) -> None:
        self._under_way += 1
        records = [_sqs_record(each) for each in delivery.messages]

        def run(side: Any, invocation: Invocation) -> None:
            delivery.failures = frozenset(self._handle(records, invocation, side))

        invocation = self._function.invoke(run, lambda each: self._conclude(delivery, each))
        self.on_start(delivery, invocation)

    def _conclude(self, delivery: Delivery, invocation: Invocation) -> None:
        """Delete what did not fail; what did comes back at once or when its time is over."""
        self._under_way -= 1
        self.on_end(delivery, invocation)
        answered = delivery.failures is not None
        for message in delivery.messages:
            if answered and message.id not in (delivery.failures or ()):
                self._delete(message, delivery)
            elif answered and self._settings.returns_at_once and delivery.still_holds(message):
                message.visible_at = self._scheduler.now
        self._scheduler.after(0.01 + 0.1 * self._random.random(), self.poll)

    def _delete(self, message: Message, delivery: Delivery) -> None:
        again = self._faults.strike("queue.delete", (Fault.DELIVERED_AGAIN,), self._scheduler.now)
        if not again and self._queue.delete(message, delivery.receipts[message.id]):
            self.on_delete(message)


@dataclass(slots=True)
class StreamBatch:
    """Records on their way, and how often they were tried."""

    records: list[Record]
    since: float
    attempts: int = 0


@dataclass(slots=True)
class Lane:
    """A shard, or a part of one: one batch at a time."""

    waiting: list[Record] = field(default_factory=list)
    again: list[StreamBatch] = field(default_factory=list)
    is_busy: bool = False


class StreamMapping:
    """From the stream of `chats`: at least once, the same batch again after a raise."""

    def __init__(
        self,
        function: Function[Any],
        handle: Handle,
        settings: Settings,
        scheduler: Scheduler,
        faults: Faults,
        random: Random,
    ) -> None:
        self._function = function
        self._handle = handle
        self._settings = settings
        self._scheduler = scheduler
        self._faults = faults
        self._random = random
        self._lanes = [Lane() for _ in range(settings.stream_lanes)]
        self.failures: list[Record] = []
        self.on_end: Callable[[Invocation], None] = lambda invocation: None

    def put(self, name: str, row: Row) -> None:
        """A change of the table; it shows after a delay of its own, so order is lost."""
        lane = self._random.choice(self._lanes)
        delay = 0.02 + self._settings.stream_delay * self._random.random()
        self._scheduler.after(delay, lambda: self._arrive(lane, name, row))

    def _arrive(self, lane: Lane, name: str, row: Row) -> None:
        image = to_item(dict(row))
        lane.waiting.append(
            {"eventName": name, "eventID": row["message_id"], "dynamodb": {"NewImage": image}}
        )
        self._wake(lane, self._settings.stream_window * self._random.random())

    def _wake(self, lane: Lane, wait: float) -> None:
        self._scheduler.after(wait, lambda: self._take(lane))

    def _take(self, lane: Lane) -> None:
        if lane.is_busy or not (lane.again or lane.waiting):
            return
        size = self._settings.stream_batch
        fresh = StreamBatch(lane.waiting[:size], self._scheduler.now)
        batch = lane.again.pop(0) if lane.again else fresh
        if batch is fresh:
            del lane.waiting[:size]
        lane.is_busy = True
        self._function.invoke(
            lambda side, invocation: self._run(batch, invocation, side),
            lambda invocation: self._conclude(lane, batch, invocation),
        )

    def _run(self, batch: StreamBatch, invocation: Invocation, side: Any) -> None:
        self._handle(batch.records, invocation, side)

    def _conclude(self, lane: Lane, batch: StreamBatch, invocation: Invocation) -> None:
        lane.is_busy = False
        self.on_end(invocation)
        batch.attempts += 1
        now = self._scheduler.now
        if invocation.died or invocation.raised:
            self._try_again(lane, batch)
        elif self._faults.strike("stream.again", (Fault.DELIVERED_AGAIN,), now):
            lane.again.insert(0, batch)
        backoff = min(60.0, 0.25 * 2**batch.attempts) if lane.again else 0.1
        self._wake(lane, backoff * self._random.random())

    def _try_again(self, lane: Lane, batch: StreamBatch) -> None:
        age = self._scheduler.now - batch.since
        if batch.attempts >= MOST_STREAM_ATTEMPTS or age > OLDEST_STREAM_RECORD_SECONDS:
            self.failures += batch.records
            return
        half = len(batch.records) // 2 if self._settings.bisects else 0
        parts = [batch.records[:half], batch.records[half:]]
        lane.again[:0] = [StreamBatch(p, batch.since, batch.attempts) for p in parts if p]


def _sqs_record(message: Message) -> Record:
    return {
        "messageId": message.id,
        "receiptHandle": f"{message.id}/{message.receives}",
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(message.sent_ms),
            "SequenceNumber": str(message.sequence),
            "MessageGroupId": message.group,
        },
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"}
            for name, value in message.attributes.items()
        },
        "eventSource": "aws:sqs",
    }
