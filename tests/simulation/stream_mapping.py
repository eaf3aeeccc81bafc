"""The stream's event source mapping: at least once, the same batch again after a raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.functions import Function, Invocation
from tests.simulation.queue_mapping import Handle
from tests.simulation.records import Record, stream_record
from tests.simulation.settings import Settings
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.tables import Row

MOST_ATTEMPTS = 31
OLDEST_RECORD_SECONDS = 21_600


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
    """From the stream of `chats`, a batch at a time in each lane."""

    def __init__(
        self,
        function: Function[Any],
        handle: Handle,
        settings: Settings,
        scheduler: Scheduler,
        faults: FaultSchedule,
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
        lane.waiting.append(stream_record(name, row))
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
            lambda dependencies, invocation: self._run(batch, invocation, dependencies),
            lambda invocation: self._conclude(lane, batch, invocation),
        )

    def _run(self, batch: StreamBatch, invocation: Invocation, dependencies: Any) -> None:
        self._handle(batch.records, invocation, dependencies)

    def _conclude(self, lane: Lane, batch: StreamBatch, invocation: Invocation) -> None:
        lane.is_busy = False
        self.on_end(invocation)
        batch.attempts += 1
        now = self._scheduler.now
        if invocation.died or invocation.raised:
            self._try_again(lane, batch)
        elif self._faults.inject("stream.again", (Fault.DELIVERED_AGAIN,), now):
            lane.again.insert(0, batch)
        backoff = min(60.0, 0.25 * 2**batch.attempts) if lane.again else 0.1
        self._wake(lane, backoff * self._random.random())

    def _try_again(self, lane: Lane, batch: StreamBatch) -> None:
        age = self._scheduler.now - batch.since
        if batch.attempts >= MOST_ATTEMPTS or age > OLDEST_RECORD_SECONDS:
            self.failures += batch.records
            return
        half = len(batch.records) // 2 if self._settings.bisects else 0
        parts = [batch.records[:half], batch.records[half:]]
        lane.again[:0] = [StreamBatch(p, batch.since, batch.attempts) for p in parts if p]
