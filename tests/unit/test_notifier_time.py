"""The stream half against the clock: who waits for whom, and what time is kept for."""

import pytest

from consumer.errors import NotHandled
from consumer.notification.ports import Outcome
from consumer.notification.retry_record import retry_body
from tests.support.builders import SENDER, retry_record, stream_record
from tests.support.doubles import StreamWorld

HANGING_SECONDS = 4.0


def test_a_queue_that_hangs_leaves_time_to_release_the_claim() -> None:
    world = StreamWorld()
    world.retry_queue.is_down, world.retry_queue.seconds_to_fail = True, HANGING_SECONDS
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    with pytest.raises(NotHandled):
        world.notify(stream_record())
    assert world.notifications.released == [SENDER]


def test_two_queues_that_hang_leave_time_to_release_the_claims() -> None:
    """One to be scheduled, one to be dead-lettered: neither may take the time of what follows."""
    world = StreamWorld()
    world.replies.outcomes = {SENDER: Outcome.CANNOT_DELIVER_NOW, "1": Outcome.REJECTED}
    world.retry_queue.is_down, world.retry_queue.seconds_to_fail = True, HANGING_SECONDS
    with pytest.raises(NotHandled):
        world.notify(stream_record(), stream_record(sender_id={"S": "1"}))
    assert sorted(world.notifications.released) == sorted([SENDER, "1"])
    assert world.time.now < 100 + 60


def test_nobody_waits_for_somebody_else_s_row() -> None:
    world = StreamWorld()
    world.notifications.unreadable = {"1"}
    told_at: list[float] = []
    world.replies.on_post = lambda: told_at.append(world.time.now)
    world.notify(stream_record(), stream_record(sender_id={"S": "1"}))
    assert ([each.sender_id for each in world.replies.notified], told_at) == ([SENDER], [100.0])
    assert [each.sender_id for each in world.retry_queue.scheduled] == ["1"]


def test_nobody_waits_for_somebody_else_s_claim() -> None:
    world = StreamWorld()
    world.notifications.unclear = {"1"}
    told_at: list[float] = []
    world.replies.on_post = lambda: told_at.append(world.time.now)
    world.notify(stream_record(), stream_record(sender_id={"S": "1"}))
    assert ([each.sender_id for each in world.replies.notified], told_at) == ([SENDER], [100.0])
    [scheduled] = world.retry_queue.scheduled
    assert (scheduled.sender_id, scheduled.after) == ("1", ("token2",))


def test_a_claim_that_took_the_time_of_its_post_is_scheduled_to_be_taken_over() -> None:
    """No POST was made, for certain: the scheduled copy names the claim and costs no attempt."""
    world = StreamWorld()
    world.notifications.seconds_to_claim = 30.0
    world.notify(stream_record())
    assert world.replies.notified == []
    [scheduled] = world.retry_queue.scheduled
    assert (scheduled.attempt, scheduled.after) == (1, ("token1",))
    world.notifications.seconds_to_claim = 0.0
    assert world.retry({"messageId": "1", "body": retry_body(scheduled)}) == []
    assert [each.sender_id for each in world.replies.notified] == [SENDER]


@pytest.mark.parametrize("seconds", [0.0, 15.0, 19.0])
def test_too_late_to_wait_for_answers_all_are_scheduled_and_none_notified(seconds: float) -> None:
    world = StreamWorld()
    world.notify(stream_record(), seconds=seconds)
    assert world.replies.notified == []
    assert [(each.sender_id, each.attempt) for each in world.retry_queue.scheduled] == [(SENDER, 1)]


def test_a_function_that_is_given_little_time_uses_it() -> None:
    """Another invocation would have no more time: a retry would change nothing, for ever."""
    world = StreamWorld()
    world.notify(stream_record(), seconds=30.0)
    assert [each.sender_id for each in world.replies.notified] == [SENDER]
    late = StreamWorld()
    late.notifications.seconds_to_claim = 6.0
    late.notify(stream_record(), seconds=30.0)
    assert [each.sender_id for each in late.retry_queue.scheduled] == [SENDER]


def test_a_record_that_cannot_even_be_rejected_costs_nobody_an_answer() -> None:
    world = StreamWorld()
    world.retry_queue.is_down, world.retry_queue.seconds_to_fail = True, HANGING_SECONDS
    told_at: list[float] = []
    world.replies.on_post = lambda: told_at.append(world.time.now)
    assert world.retry({"messageId": "odd", "body": "?"}, retry_record()) == ["odd"]
    assert told_at == [100.0]


def test_a_table_that_rejects_for_good_is_called_once() -> None:
    """A name is wrong or a right is missing: the retry comes after the repair."""
    world = StreamWorld()
    world.notifications.is_down = world.notifications.rejects = True
    world.notify(stream_record())
    assert world.notifications.calls == 1
    assert [each.sender_id for each in world.retry_queue.scheduled] == [SENDER]
