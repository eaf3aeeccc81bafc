"""What lasts in a fault run ends by itself, however few callers there are."""

from tests.e2e.fault_schedule import LONGEST_OUTAGE_SECONDS, NOTIFIER, FaultSchedule
from tests.e2e.faults import NOTHING, REPLY_DOWN_FOR_A_WHILE


def new_schedule(clock: list[float]) -> FaultSchedule:
    decks = {"POST": [REPLY_DOWN_FOR_A_WHILE, NOTHING]}
    return FaultSchedule(1, decks, clock=lambda: clock[0])


def test_an_outage_ends_after_its_calls_and_comes_once() -> None:
    schedule = new_schedule([0.0])
    drawn = [schedule.draw("POST", NOTIFIER) for _ in range(50)]
    first = drawn.index(REPLY_DOWN_FOR_A_WHILE)
    calls = REPLY_DOWN_FOR_A_WHILE.lasts
    assert drawn[first : first + calls] == [REPLY_DOWN_FOR_A_WHILE] * calls
    assert drawn.count(REPLY_DOWN_FOR_A_WHILE) == calls


def test_an_outage_ends_by_time_for_a_single_caller_that_pauses() -> None:
    clock = [0.0]
    schedule = new_schedule(clock)
    while schedule.draw("POST", NOTIFIER) is NOTHING:
        pass
    clock[0] = LONGEST_OUTAGE_SECONDS - 1
    assert schedule.draw("POST", NOTIFIER) is REPLY_DOWN_FOR_A_WHILE
    clock[0] = LONGEST_OUTAGE_SECONDS
    assert {schedule.draw("POST", NOTIFIER) for _ in range(50)} == {NOTHING}
