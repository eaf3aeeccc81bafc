"""The in-memory services themselves: they have to fail as the real ones do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest

from consumer.conversation.session import ACTIVE, Session
from consumer.errors import Unavailable
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import Fault, FaultSchedule, Outage
from tests.support.memory.index import LaggingIndex
from tests.support.memory.queues import FifoQueue, Message, StandardQueue
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.wire import CALL_TIMEOUT_SECONDS, Died, Wire

START = 100.0


def wire_with(fault: Fault, scheduler: Scheduler) -> Wire:
    faults = FaultSchedule(Chance(1), {"table": 1.0}, {fault})
    return Wire(scheduler, faults, Random(1))


def live(scheduler: Scheduler, *acts: Callable[[], None]) -> None:
    for act in acts:
        scheduler.start(act)
    scheduler.run()


def test_tasks_take_turns_where_they_pause() -> None:
    scheduler, seen = Scheduler(START), []

    def task(name: str, seconds: float) -> Callable[[], None]:
        def act() -> None:
            for step in range(2):
                seen.append(f"{name}{step}")
                scheduler.pause(seconds)

        return act

    live(scheduler, task("a", 2.0), task("b", 3.0))
    assert seen == ["a0", "b0", "a1", "b1"]
    assert scheduler.now == START + 6.0


def test_a_world_that_is_run_again_still_has_one_task_at_a_time() -> None:
    """However often the threads that hold the tasks are switched."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert {tuple(live_twice()) for _ in range(4000)} == {("a1", "b2", "d3", "c5")}
    finally:
        sys.setswitchinterval(before)


def live_twice() -> list[str]:
    scheduler, seen = Scheduler(START), []

    def task(name: str, seconds: float) -> Callable[[], None]:
        def act() -> None:
            scheduler.pause(seconds)
            seen.append(f"{name}{scheduler.now - START:.0f}")

        return act

    live(scheduler, task("a", 1.0), task("b", 2.0))
    live(scheduler, task("c", 3.0), task("d", 1.0))
    return seen


def test_an_error_in_a_task_is_raised_to_whoever_runs_the_world() -> None:
    scheduler = Scheduler(START)

    def fail() -> None:
        scheduler.pause(1.0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        live(scheduler, fail, lambda: scheduler.pause(5.0))


@pytest.mark.parametrize(
    ("fault", "is_applied", "seconds"),
    [
        (Fault.THROTTLED, False, 0.02),
        (Fault.LOST, False, CALL_TIMEOUT_SECONDS + 0.02),
        (Fault.BROKEN, True, 0.02),
        (Fault.SILENT, True, CALL_TIMEOUT_SECONDS + 0.02),
    ],
)
def test_a_call_fails_before_or_after_it_was_applied(
    fault: Fault, is_applied: bool, seconds: float
) -> None:
    scheduler, applied = Scheduler(START), []

    def act() -> None:
        with pytest.raises(Unavailable):
            wire_with(fault, scheduler).write("table.put", lambda: applied.append(1))
        assert START < scheduler.now <= START + seconds
        assert bool(applied) is is_applied

    live(scheduler, act)


def test_a_late_call_is_applied_after_its_caller_gave_up() -> None:
    scheduler, applied = Scheduler(START), []

    def act() -> None:
        with pytest.raises(Unavailable):
            wire_with(Fault.LATE, scheduler).write("table.put", lambda: applied.append(1))
        assert applied == []

    live(scheduler, act)
    assert applied == [1]


@pytest.mark.parametrize(("fault", "applied"), [(Fault.DIES_BEFORE, 0), (Fault.DIES_AFTER, 1)])
def test_a_process_dies_before_or_after_its_call(fault: Fault, applied: int) -> None:
    scheduler, calls = Scheduler(START), []

    def act() -> None:
        with pytest.raises(Died):
            wire_with(fault, scheduler).write("table.put", lambda: calls.append(1))

    live(scheduler, act)
    assert len(calls) == applied


def test_a_read_is_never_applied_without_an_answer() -> None:
    faults = FaultSchedule(Chance(1), {"table": 1.0}, {Fault.SILENT, Fault.LATE, Fault.BROKEN})
    assert Wire(Scheduler(START), faults, Random(1)).read("table.get", lambda: 7) == 7


def test_only_named_faults_strike_when_some_are_named() -> None:
    outage = Outage("table", START, START + 1, Fault.THROTTLED)
    faults = FaultSchedule(Chance(1), outages=[outage, outage], only={"outage#1"})
    assert faults.inject("table.put", tuple(Fault), START) is Fault.THROTTLED
    assert [each.name for each in faults.injected] == ["outage#1"]
    assert faults.inject("table.put", tuple(Fault), START + 1) is None


def test_an_index_shows_a_row_late_and_its_states_in_order() -> None:
    index = LaggingIndex()
    first = Session("one", "sender", ACTIVE, Decimal(1))
    then = Session("one", "sender", "completed", Decimal(1))
    index.put(first, 10.0)
    index.put(then, 5.0)
    assert index.newest("sender", 9.0) is None
    assert index.newest("sender", 10.0) == then


def test_a_group_gives_nothing_while_some_of_it_is_in_flight() -> None:
    now = [START]
    queue = FifoQueue("queue", lambda: now[0])
    one, two, other = (
        queue.send(body, group) for body, group in (("1", "a"), ("2", "a"), ("3", "b"))
    )
    assert queue.receive(1, 30.0, Random(0))[0] in (one, other)
    queue.receive(10, 30.0, Random(0))
    assert queue.receive(10, 30.0, Random(0)) == []
    now[0] += 30.0
    again = queue.receive(10, 30.0, Random(0))
    assert [each for each in again if each.group == "a"] == [one, two]


def test_what_is_received_too_often_moves_away_without_a_reason() -> None:
    now, moved = [START], list[Message]()
    dead = FifoQueue("dlq", lambda: now[0])
    queue = FifoQueue("queue", lambda: now[0], 2, dead, on_move=moved.append)
    sent = queue.send("body", "a")
    for _ in range(3):
        queue.receive(10, 30.0, Random(0))
        now[0] += 30.0
    assert (list(queue.messages), list(dead.messages), moved) == ([], [sent.id], [sent])
    assert "Reason" not in sent.attributes


def test_an_outdated_receipt_deletes_nothing() -> None:
    now = [START]
    queue = StandardQueue("queue", lambda: now[0])
    queue.send("body")
    [message] = queue.receive(1, 5.0, Random(0))
    now[0] += 5.0
    queue.receive(1, 5.0, Random(0))
    assert not queue.delete(message, receives=1)
    assert queue.delete(message, receives=2)


def test_a_repetition_within_five_minutes_arrives_once() -> None:
    now = [START]
    queue = FifoQueue("queue", lambda: now[0])
    assert queue.send_once("id", "body", "a", {}) is not None
    assert queue.send_once("id", "body", "a", {}) is None
    now[0] += 300.0
    assert queue.send_once("id", "body", "a", {}) is not None


def test_delayed_messages_wait() -> None:
    now = [START]
    queue = StandardQueue("queue", lambda: now[0])
    queue.send("body", delay=10.0)
    assert queue.receive(1, 5.0, Random(0)) == []
    now[0] += 10.0
    assert len(queue.receive(1, 5.0, Random(0))) == 1
