"""Lambda: containers that live on between invocations, and invocations that may die."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from consumer.conversation.session import Session
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.wire import Died

Dependencies = TypeVar("Dependencies")

LITTLE_SECONDS = 9.0


@dataclass(slots=True, eq=False)
class Invocation:
    """One run of a function: the ports that failed, what it has seen and what it holds.

    `timed_out`: Lambda has ended it. `brings_again`: it has reported that it is not done.
    `shown`: by sender, when the index was read and what it gave as newest. `sighted`: by
    session id, when its row was last seen active. Moments are the ledger's.
    """

    number: int
    ends_at: float
    now: Callable[[], float]
    faulty_ports: set[str] = field(default_factory=set)
    died: bool = False
    timed_out: bool = False
    brings_again: bool = False
    raised: BaseException | None = None
    shown: dict[str, tuple[int, Session | None]] = field(default_factory=dict)
    sighted: dict[str, int] = field(default_factory=dict)
    deferred: set[str] = field(default_factory=set)
    is_over: bool = False
    ended: int = 0

    def get_remaining_time_in_millis(self) -> int:
        """As on Lambda's context object."""
        return int((self.ends_at - self.now()) * 1000)


class Function(Generic[Dependencies]):
    """A deployed function; `new_dependencies` makes what a fresh container works with."""

    def __init__(
        self,
        port: str,
        new_dependencies: Callable[[], Dependencies],
        seconds: float,
        scheduler: Scheduler,
        faults: FaultSchedule,
        random: Random,
    ) -> None:
        self._port = port
        self._new_dependencies = new_dependencies
        self._seconds = seconds
        self._scheduler = scheduler
        self._faults = faults
        self._random = random
        self._idle: list[Dependencies] = []
        self._count = 0

    def is_throttled(self) -> bool:
        """Whether Lambda has no container for an invocation now."""
        kinds, now = (Fault.NOT_INVOKED,), self._scheduler.now
        return self._faults.inject(f"{self._port}.invoke", kinds, now) is not None

    def invoke(
        self, run: Callable[[Dependencies, Invocation], None], then: Callable[[Invocation], None]
    ) -> Invocation:
        """Start an invocation; `then` is called at its end, however that came."""
        self._count += 1
        little = self._faults.inject(
            "function.time", (Fault.LEFT_LITTLE_TIME,), self._scheduler.now
        )
        seconds = LITTLE_SECONDS * self._random.random() if little else self._seconds
        now = self._scheduler.now
        invocation = Invocation(self._count, now + seconds, lambda: self._scheduler.now)
        if little:
            invocation.faulty_ports.add("function")
        self._scheduler.start(lambda: self._live(run, then, invocation), invocation)
        return invocation

    def _live(
        self,
        run: Callable[[Dependencies, Invocation], None],
        then: Callable[[Invocation], None],
        invocation: Invocation,
    ) -> None:
        dependencies = self._idle.pop() if self._idle else self._new_dependencies()
        try:
            run(dependencies, invocation)
        except Died:
            invocation.died = True
            invocation.timed_out = self._scheduler.now >= invocation.ends_at
        except Exception as error:  # as Lambda does: the batch has failed, the container lives
            invocation.raised = error
            invocation.brings_again = True
        if not invocation.died:
            self._idle.append(dependencies)
        invocation.is_over = True
        then(invocation)
