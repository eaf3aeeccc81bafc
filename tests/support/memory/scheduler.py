"""Virtual time, and the tasks that live in it: exactly one runs at any moment.

A task is ordinary code. Where it pauses, whatever is due sooner happens first, other
tasks included, so any order of their steps can come about and the seed decides which.
Threads only hold the tasks' stacks: a baton goes from one to the next, and as long as
nothing overlaps none is needed.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Act = Callable[[], None]


class Stopped(BaseException):
    """An error elsewhere has ended the run; unwinds the tasks that still pause."""


class Task:
    """Code on its way through time; `subject` is whatever it does it for."""

    __slots__ = ("act", "lane", "subject")

    def __init__(self, act: Act, subject: Any) -> None:
        self.act = act
        self.subject = subject
        self.lane: _Lane | None = None


class Scheduler:
    """The clock (epoch seconds) and everything that is due."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.current: Task | None = None
        self._due: list[tuple[float, int, Task | Act]] = []
        self._ordinals = itertools.count()
        self._home = _Lane()
        self._error: BaseException | None = None

    def at(self, moment: float, act: Act) -> None:
        """Let something happen that takes no time of its own."""
        heappush(self._due, (max(moment, self.now), next(self._ordinals), act))

    def after(self, seconds: float, act: Act) -> None:
        self.at(self.now + seconds, act)

    def start(self, act: Act, subject: Any = None) -> None:
        """Start a task; it may pause."""
        heappush(self._due, (self.now, next(self._ordinals), Task(act, subject)))

    def pause(self, seconds: float) -> None:
        """Let this many seconds pass, and all that is due in them happen, then return."""
        until = self.now + seconds
        if not self._due or self._due[0][0] > until:
            self.now = until
        elif self.current is None:
            self._pass_until(until)
        else:
            self._wait(self.current, until)
        if self._error is not None:
            raise Stopped

    def run(self) -> None:
        """Let everything happen until nothing is due; raises what a task or an act raised."""
        self._live(self._home, self._next(self._home))
        self._home.baton.acquire()  # released once, by whoever finds that nothing is due
        if self._error is not None:
            raise self._error

    def _pass_until(self, until: float) -> None:
        """Outside any task: only acts happen."""
        while self._due and self._due[0][0] <= until:
            self._pop()
        self.now = until

    def _wait(self, mine: Task, until: float) -> None:
        heappush(self._due, (until, next(self._ordinals), mine))
        while (turn := self._pop()) is not mine:
            if turn is not None:
                self._pass_baton(turn)
                assert mine.lane is not None
                mine.lane.baton.acquire()
                break
        self.current = mine

    def _pop(self) -> Task | None:
        """Take what is due next: do it, when it is an act, else give the task whose turn it is."""
        self.now, _, turn = heappop(self._due)
        if isinstance(turn, Task):
            return None if self._error is not None and turn.lane is None else turn
        if self._error is None:
            self.current = None
            try:
                turn()
            except BaseException as error:  # raised by run()
                self._error = error
        return None

    def _pass_baton(self, turn: Task) -> None:
        if turn.lane is None:
            turn.lane = _idle.pop() if _idle else _new_lane()
            turn.lane.job = (self, turn)
        turn.lane.baton.release()

    def _live(self, lane: _Lane, task: Task | None) -> None:
        """Run a task to its end on this lane, and then what comes next."""
        while task is not None:
            task.lane = lane
            self.current = task
            try:
                task.act()
            except Stopped:
                pass
            except BaseException as error:  # raised by run()
                self._error = self._error or error
            task = self._next(lane)

    def _next(self, lane: _Lane) -> Task | None:
        """A fresh task for this lane; None once another lane has the baton or all is over."""
        self.current = None
        while self._due:
            turn = self._pop()
            if turn is None:
                continue
            if turn.lane is None:
                return turn
            self._retire(lane)
            turn.lane.baton.release()
            return None
        self._retire(lane)
        self._home.baton.release()
        return None

    def _retire(self, lane: _Lane) -> None:
        if lane is not self._home:
            _idle.append(lane)


class _Lane:
    """A thread, and the baton it waits for."""

    def __init__(self) -> None:
        self.baton = threading.Lock()
        self.baton.acquire()
        self.job: tuple[Scheduler, Task] | None = None


_idle: list[_Lane] = []


def _new_lane() -> _Lane:
    lane = _Lane()
    threading.Thread(target=_serve, args=(lane,), daemon=True).start()
    return lane


def _serve(lane: _Lane) -> None:
    while True:
        lane.baton.acquire()
        assert lane.job is not None
        scheduler, task = lane.job
        scheduler._live(lane, task)
