"""Two who take a turn at once, and answers that are lost."""

from decimal import Decimal

import pytest

from consumer.errors import NotHandled
from consumer.notification.state import NotificationState
from consumer.notification.step import Outcome
from tests.support.builders import SENDER
from tests.support.doubles import NOW, StreamWorld, lines_with
from tests.support.memory.fault_schedule import Fault


def test_a_row_that_was_erased_during_its_turn_stays_erased() -> None:
    world = StreamWorld()
    world.replies.on_post = world.tables.notifications.clear
    world.notify(world.store())
    assert world.tables.notifications == {}
    assert len(world.replies.notified) == 1
    assert len(lines_with(world, "notifications handled")) == 1


def test_a_claim_whose_answer_was_lost_is_recognised_as_its_own() -> None:
    world = StreamWorld()
    world.faults.script["notifications.save"] = [Fault.SILENT]
    world.notify(world.store())
    assert len(world.replies.notified) == 1
    assert world.row().turn is None
    assert world.wake_ups() == []


def test_an_ending_whose_answer_was_lost_is_read_again() -> None:
    world = StreamWorld()
    world.faults.script["notifications.save"] = [None, Fault.SILENT]
    world.notify(world.store())
    assert (len(world.replies.notified), world.row().turn) == (1, None)
    assert world.row().notified_through == world.replies.notified[0].stored_at


def test_an_ending_that_was_not_applied_is_repeated() -> None:
    world = StreamWorld()
    world.faults.script["notifications.save"] = [None, Fault.LOST, Fault.THROTTLED]
    world.notify(world.store())
    assert (len(world.replies.notified), world.row().turn) == (1, None)


def test_of_two_who_claim_at_once_one_posts() -> None:
    world = StreamWorld()
    record = world.store()

    def somebody_else() -> None:
        world.notifications.before_save = lambda: None
        world.notify(record)

    world.notifications.before_save = somebody_else
    world.notify(record)
    assert len(world.replies.notified) == 1


def test_a_turn_that_was_resolved_by_somebody_else_is_not_ended_again() -> None:
    world = StreamWorld()
    row = NotificationState("theirs", notified_through=Decimal(int(NOW + 500)))
    world.replies.on_post = lambda: world.put_row(row)
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    assert world.row() == row


def test_a_post_that_could_not_start_in_time_was_not_sent_and_is_no_attempt() -> None:
    world = StreamWorld()
    world.notifications.slow_seconds = 11.0
    world.notify(world.store(), seconds=90.0)
    assert world.replies.notified == []
    assert [each.attempt for each in world.wake_ups()] == [1]
    assert world.row().turn is None
    world.notifications.slow_seconds = 0.0
    world.wake_all()
    assert [each.attempt for each in world.replies.notified] == [1]


def test_nobody_s_turn_waits_for_another_s_answer() -> None:
    world = StreamWorld()
    open_when: list[bool] = []
    world.replies.on_answer = lambda sender: open_when.append(world.row(sender).turn is not None)
    world.notify(world.store(1, "1"), world.store(2, "2"))
    assert open_when == [False, False]
    assert len(world.replies.notified) == 2


def test_without_the_retry_queue_a_failed_turn_is_left_unsettled_and_its_record_comes_again() -> (
    None
):
    world = StreamWorld()
    world.fail("retry_queue")
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    record = world.store()
    with pytest.raises(NotHandled):
        world.notify(record)
    world.faults.mend()
    world.replies.outcomes.clear()
    world.notify(record)
    world.wake_all()
    assert len(world.replies.notified) == 2
    assert world.row().turn is None
