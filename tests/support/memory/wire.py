"""The way between a process and an outside system: there calls take time, fail and end lives.

The outside applies a call on its own, whether or not the caller still lives or waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, Protocol, TypeVar

from consumer.aws.client import LONGEST_CALL_SECONDS
from consumer.errors import Refused, Unavailable
from tests.support.memory.fault_schedule import PART, READ, RIGHTS, WRITE, Fault, FaultSchedule
from tests.support.memory.scheduler import Scheduler

T = TypeVar("T")

CALL_TIMEOUT_SECONDS = LONGEST_CALL_SECONDS  # a silent call ends after it
LATEST_APPLICATION_SECONDS = 8.0

ERRORS = {
    Fault.DENIED: "AccessDeniedException",
    Fault.THROTTLED: "ThrottlingException",
    Fault.BROKEN: "InternalServerError",
    Fault.LOST: "NoAnswer",
    Fault.SILENT: "NoAnswer",
    Fault.LATE: "NoAnswer",
}
NEVER_APPLIED = (Fault.DENIED, Fault.THROTTLED, Fault.LOST, Fault.DIES_BEFORE)
# Ports whose callers tell a missing right from a fault that passes.
DENIABLE = ("conversations",)


class Died(BaseException):
    """The process is gone, between any two of its steps; nothing of it runs on."""


class Process(Protocol):
    """What a task lives for: `ends_at` is the moment at which it is ended from outside."""

    ends_at: float


class Call(Generic[T]):
    """One request: what the outside does at it, and what came of that."""

    def __init__(self, site: str, act: Callable[[], T], changes: bool = False) -> None:
        self.site = site
        self.kinds = WRITE if changes else READ
        if site.partition(".")[0] in DENIABLE:
            self.kinds += RIGHTS
        self.error: str | None = None
        self._act = act
        self._results: list[T] = []

    def apply(self) -> None:
        self._results.append(self._act())

    def answer(self) -> T:
        """What was answered; raises Refused when denied, else Unavailable when it failed."""
        if self.error == ERRORS[Fault.DENIED]:
            raise Refused(self.error)
        if self.error is not None:
            raise Unavailable(self.error)
        return self._results[0]


@dataclass(frozen=True, slots=True)
class CallTiming:
    """When a call is applied, if ever, and when its caller goes on or dies; in seconds from now."""

    applied_after: float | None
    over_after: float
    is_death: bool = False


class Wire:
    """Carries the current task's calls; `latency` is the seconds that one usually takes.

    `calls` counts them by site.
    """

    def __init__(
        self, scheduler: Scheduler, faults: FaultSchedule, random: Random, latency: float = 0.01
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._random = random
        self._latency = latency
        self.calls: Counter[str] = Counter()

    @property
    def process(self) -> Any:
        """Whose task it is; None outside any."""
        current = self._scheduler.current
        return None if current is None else current.subject

    @property
    def now(self) -> float:
        return self._scheduler.now

    def read(self, site: str, act: Callable[[], T]) -> T:
        """Call something that changes nothing; raises Unavailable, Refused and Died."""
        return self.send_all([Call(site, act)])[0].answer()

    def write(self, site: str, act: Callable[[], T]) -> T:
        """Call something that changes the outside, whether its answer arrives or not."""
        return self.send_all([Call(site, act, changes=True)])[0].answer()

    def send_all(self, calls: Sequence[Call[T]]) -> Sequence[Call[T]]:
        """Make calls at once; it takes as long as the slowest."""
        timings = [self._send(call) for call in calls]
        deaths = [timing.over_after for timing in timings if timing.is_death]
        if deaths:
            self.sleep(min(deaths))
            raise Died
        self.sleep(max((timing.over_after for timing in timings), default=0.0))
        return calls

    def leaves_out(self, site: str, parts: Sequence[T]) -> list[T]:
        """The parts of a call that the outside leaves undone this time, mostly none."""
        if not parts or self._faults.inject(f"{site}.part", PART, self.now) is None:
            return []
        return [each for each in parts if self._random.random() < 0.5] or [parts[-1]]

    def sleep(self, seconds: float) -> None:
        """Let time pass; the process may be ended meanwhile."""
        process = self.process
        ends_at = float("inf") if process is None else process.ends_at
        self._scheduler.pause(max(0.0, min(seconds, ends_at - self.now)))
        if self.now >= ends_at:
            raise Died

    def _send(self, call: Call[T]) -> CallTiming:
        self.calls[call.site] += 1
        fault = self._faults.inject(call.site, call.kinds, self.now)
        timing = self._timing(fault)
        if fault is not None:
            call.error = ERRORS.get(fault)
        if timing.applied_after is not None:
            self._scheduler.after(timing.applied_after, call.apply)
        return timing

    def _timing(self, fault: Fault | None) -> CallTiming:
        there = self._latency * (0.2 + self._random.random())
        back = self._latency * (0.1 + 0.5 * self._random.random())
        if fault in (Fault.LOST, Fault.SILENT):
            back = CALL_TIMEOUT_SECONDS - there
        if fault is Fault.SLOW:
            there += self._random.random() * (CALL_TIMEOUT_SECONDS - 0.1)
        applied: float | None = None if fault in NEVER_APPLIED else there
        if fault is Fault.LATE:
            applied = self._random.uniform(CALL_TIMEOUT_SECONDS, LATEST_APPLICATION_SECONDS)
            back = CALL_TIMEOUT_SECONDS - there
        return CallTiming(applied, there + back, fault in (Fault.DIES_BEFORE, Fault.DIES_AFTER))
