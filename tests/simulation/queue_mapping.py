"""The queues' event source mappings: batches, partial failures, redelivery after success."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from tests.simulation.functions import Function, Invocation
from tests.simulation.records import Record, sqs_record
from tests.simulation.settings import Settings
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.queues import FifoQueue, Message, StandardQueue
from tests.support.memory.scheduler import Scheduler

BATCH_SIZE = 10
LONGEST_WAIT_SECONDS = 60.0

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
    """From a queue, with partial failures; `on_end` hears of a delivery before it takes effect.

    `on_wait` hears until when a throttled batch keeps somebody busy.
    """

    def __init__(
        self,
        queue: FifoQueue | StandardQueue,
        function: Function[Any],
        handle: Handle,
        settings: Settings,
        scheduler: Scheduler,
        faults: FaultSchedule,
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
        self.on_wait: Callable[[float], None] = lambda until: None

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
        self._invoke(delivery, self._scheduler.now + self._visibility)

    def _invoke(self, delivery: Delivery, until: float) -> None:
        """Invoke, or wait while there is no concurrency; drop the batch once it is visible again.

        Its receives then count, although our code has never seen it.
        """
        if not self._function.is_throttled():
            self._start(delivery)
            return
        wait = LONGEST_WAIT_SECONDS * self._random.random()
        self.on_wait(min(self._scheduler.now + wait, until))
        if self._scheduler.now + wait < until:
            self._scheduler.after(wait, partial(self._invoke, delivery, until))
        else:
            self._scheduler.at(until, self._drop)

    def _drop(self) -> None:
        self._under_way -= 1
        self.poll()

    def _start(self, delivery: Delivery) -> None:
        records = [sqs_record(each) for each in delivery.messages]

        def run(dependencies: Any, invocation: Invocation) -> None:
            delivery.failures = frozenset(self._handle(records, invocation, dependencies))

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
        again = self._faults.inject("queue.delete", (Fault.DELIVERED_AGAIN,), self._scheduler.now)
        if not again and self._queue.delete(message, delivery.receipts[message.id]):
            self.on_delete(message)
