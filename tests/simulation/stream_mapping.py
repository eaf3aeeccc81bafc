"""The stream's event source mapping: at least once, the same batch again after a raise.

What is older than its age limit is discarded, tried or not: a backlog, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

# As in infra/template.yaml.
MOST_ATTEMPTS = 10_000
OLDEST_RECORD_SECONDS = 86_400
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record, and when it came into the stream."""

    record: Record
    since: float


@dataclass(slots=True)
class StreamBatch:
    """Records on their way, and how often they were tried."""

    records: list[StreamRecord]
    attempts: int = 0


@dataclass(slots=True)
class Lane:
    """A shard, or a part of one: one batch at a time."""

    waiting: list[StreamRecord] = field(default_factory=list)
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
        self.on_discard: Callable[[float], None] = lambda age: None

    def put(self, name: str, row: Row) -> None:
        """A change of the table; it shows after a delay of its own, so order is lost."""
        lane = self._random.choice(self._lanes)
        delay = 0.02 + self._settings.stream_delay * self._random.random()
        self._scheduler.after(delay, lambda: self._arrive(lane, name, row))

    def _arrive(self, lane: Lane, name: str, row: Row) -> None:
        lane.waiting.append(StreamRecord(stream_record(name, row), self._scheduler.now))
        self._wake(lane, self._settings.stream_window * self._random.random())

    def _wake(self, lane: Lane, wait: float) -> None:
        self._scheduler.after(wait, lambda: self._take(lane))

    def _take(self, lane: Lane) -> None:
        self._discard_old(lane)
        if lane.is_busy or not (lane.again or lane.waiting):
            return
        if self._function.is_throttled():
            self._wake(lane, LONGEST_WAIT_SECONDS * self._random.random())
            return
        size = self._settings.stream_batch
        if lane.again:
            batch = lane.again.pop(0)
        else:
            batch = StreamBatch(lane.waiting[:size])
            del lane.waiting[:size]
        lane.is_busy = True
        self._function.invoke(
            lambda dependencies, invocation: self._run(batch, invocation, dependencies),
            lambda invocation: self._conclude(lane, batch, invocation),
        )

    def _run(self, batch: StreamBatch, invocation: Invocation, dependencies: Any) -> None:
        self._handle([each.record for each in batch.records], invocation, dependencies)

    def _conclude(self, lane: Lane, batch: StreamBatch, invocation: Invocation) -> None:
        lane.is_busy = False
        self.on_end(invocation)
        batch.attempts += 1
        now = self._scheduler.now
        if invocation.died or invocation.raised:
            self._try_again(lane, batch)
        elif self._faults.inject("stream.again", (Fault.DELIVERED_AGAIN,), now):
            lane.again.insert(0, batch)
        backoff = min(60.0, 0.25 * 2 ** min(batch.attempts, 10)) if lane.again else 0.1
        self._wake(lane, backoff * self._random.random())

    def _try_again(self, lane: Lane, batch: StreamBatch) -> None:
        if batch.attempts >= MOST_ATTEMPTS:
            self._discard(batch.records)
            return
        half = len(batch.records) // 2 if self._settings.bisects else 0
        parts = [batch.records[:half], batch.records[half:]]
        lane.again[:0] = [StreamBatch(p, batch.attempts) for p in parts if p]

    def _discard_old(self, lane: Lane) -> None:
        """Records that are too old go to the failure destination, the function unasked."""
        oldest = self._scheduler.now - OLDEST_RECORD_SECONDS
        for records in [lane.waiting, *(batch.records for batch in lane.again)]:
            self._discard([each for each in records if each.since < oldest])
            records[:] = [each for each in records if each.since >= oldest]
        lane.again[:] = [batch for batch in lane.again if batch.records]

    def _discard(self, records: Sequence[StreamRecord]) -> None:
        for each in records:
            self.failures.append(each.record)
            self.on_discard(self._scheduler.now - each.since)
