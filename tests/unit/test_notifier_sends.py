"""What one invocation sends while rows or queues fail, and whom that keeps waiting."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from consumer.errors import NotHandled
from consumer.notification.state import NotificationState, Pending
from consumer.notification.step import Outcome
from handlers.dynamo_event_handler import handle_stream
from tests.support.builders import SENDER, notification, retry_record, session
from tests.support.doubles import RULES, Context, StreamWorld
from tests.support.memory.fault_schedule import Fault
from tests.support.turns import open_turn, sid


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def wake_up_for(number: int, wake_at: float, stored_at: float) -> dict[str, object]:
    return retry_record(
        message_id=sid(number), stored_at=Decimal(f"{stored_at:.3f}"), wake_at=wake_at
    )


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SILENT])
def test_a_queue_that_takes_nothing_for_one_sender_keeps_no_other_waiting(fault: Fault) -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    waiting, others = world.store(2), [world.store(1, str(number)) for number in range(3)]
    world.fail("retry_queue", fault)
    with pytest.raises(NotHandled, match=r"1 notification\(s\)"):
        world.notify(waiting, *others)
    assert sorted(each.sender_id for each in world.replies.notified) == ["0", "1", "2"]


def test_two_queues_that_hang_keep_nobody_s_post_for_longer_than_it_may_start() -> None:
    """Trying both takes longer than a POST may start after its decision."""
    world = StreamWorld()
    rules = replace(world.dependencies.rules, seconds_to_start=9.0)
    world.dependencies = replace(world.dependencies, rules=rules)
    for number in (1, 2, 3):
        world.store(number, str(number))
    stored_at = Decimal(f"{world.now:.3f}")
    records = [
        retry_record(n, str(n), message_id=sid(n), stored_at=stored_at, attempt=attempt)
        for n, attempt in ((1, RULES.max_attempts + 1), (2, 1), (3, 1))
    ]
    open_turn(world, 9)
    world.put_row(world.row(), "2")
    world.fail("retry_queue", Fault.LOST)
    assert world.retry(*records, seconds=120.0) == ["record-1", "record-2"]
    assert [each.sender_id for each in world.replies.notified] == ["3"]


def test_rows_that_cannot_be_written_cost_one_wake_up() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.faults.script["notifications.save"] = [Fault.THROTTLED] * 1000
    world.notify(world.store(2))
    assert [each.message_id for each in world.wake_ups()] == [sid(2)]


def test_what_changed_the_row_meanwhile_is_woken_in_time() -> None:
    """The turn ends while its follower is noted: the wake-up for its outcome would come late."""
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)

    def end_the_turn() -> None:
        world.notifications.before_save = lambda: None
        ended = replace(world.row().without_turn(world.now), revision="ended")
        world.put_row(ended)

    world.notifications.before_save = end_the_turn
    world.notify(world.store(2))
    assert world.row().wake_at <= world.now + 2
    world.wake()
    assert [each.message_id for each in world.replies.notified] == [sid(2)]


def test_a_wake_up_that_was_handled_before_its_row_was_written_is_sent_again() -> None:
    """The end of a turn is written slowly, so whoever handles the wake-up sees an open turn."""
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2))
        world.notifications.before_save = be_refused

    def be_refused() -> None:
        """The row has changed; the end is written at the second try."""
        world.notifications.before_save = be_slow

    def be_slow() -> None:
        world.notifications.before_save = lambda: None
        world.wake()
        world.pass_time(1)

    world.replies.on_post = write_again
    world.notify(world.store(1))
    ended_at = world.now
    world.wake()
    assert [each.message_id for each in world.replies.notified] == [sid(1), sid(2)]
    assert world.now <= ended_at + 2


def test_a_wake_up_that_the_row_was_written_without_is_sent_later() -> None:
    """While a turn ends, the retry queue does not answer; then it works again."""
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2))
        world.faults.script["retry_queue.schedule"] = [Fault.LOST, Fault.LOST]

    world.replies.on_post = write_again
    world.notify(world.store(1), seconds=90.0)
    ended_at = world.now
    world.wake()
    assert [each.message_id for each in world.replies.notified] == [sid(1), sid(2)]
    assert world.now <= ended_at + 2


def test_a_wake_up_that_is_owed_keeps_no_other_from_its_post() -> None:
    """Each round may have one sender; the first one's POST fails, and its wake-up hangs."""
    world = StreamWorld(round_size=1)
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    records = [world.store(1, str(number)) for number in range(1, 6)]
    world.fail("retry_queue", Fault.LOST)
    with pytest.raises(NotHandled, match=r"1 notification\(s\)"):
        world.notify(*records, seconds=90.0)
    assert len(world.replies.notified) == 5


def test_a_failed_post_does_not_wait_for_a_wake_up_that_is_far_away() -> None:
    """The row names a later one, and its own can be sent only when the turn has ended."""
    world = StreamWorld()
    world.put_row(NotificationState(wake_at=world.now + 300))
    begun, posts = world.now, list[float]()
    world.replies.on_post = lambda: posts.append(world.now - begun)
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.faults.script["retry_queue.schedule"] = [Fault.LOST, Fault.LOST]
    world.notify(world.store(1), seconds=90.0)
    world.replies.outcomes.clear()
    world.wake_all()
    assert len(posts) == 2
    assert posts[1] < 20


def test_a_dead_letter_is_sent_once() -> None:
    """The row changes before the turn ends, and then its writing is throttled."""
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.REJECTED

    def another_waits() -> None:
        row = world.row()
        pending = Pending(
            notification(message_id=sid(2), stored_at=Decimal(int(world.now + 9))), Decimal(1)
        )
        world.put_row(replace(row, pending=pending, revision="changed"))

    world.replies.on_post = another_waits
    world.faults.script["notifications.save"] = [None, None, Fault.THROTTLED, Fault.THROTTLED]
    world.notify(world.store())
    assert len(world.dead_letters()) == 1
    assert world.row().turn is None


def test_a_round_that_begins_late_is_claimed_from_then_on() -> None:
    world = StreamWorld(round_size=1)
    claimed: list[float] = []

    def be_slow() -> None:
        sender = world.replies.notified[-1].sender_id
        turn = world.row(sender).turn
        assert turn is not None
        claimed.append(world.now - turn.claimed_at)
        world.pass_time(9)

    world.replies.on_post = be_slow
    world.notify(world.store(1, "1"), world.store(1, "2"), seconds=90.0)
    assert claimed == [0.0, 0.0]
    assert world.wake_ups() == []


def test_a_decision_that_is_old_when_its_round_begins_is_made_anew() -> None:
    world = StreamWorld(round_size=1)

    def limit_the_other() -> None:
        world.pass_time(12)
        limit = iso(world.now + 60)
        world.tables.put_session(
            session("session-2", sender_id="2", user_limited_until=limit), world.now
        )

    world.replies.on_post = limit_the_other
    world.notify(world.store(1, "1"), world.store(1, "2", session_id="session-2"), seconds=120.0)
    assert [each.sender_id for each in world.replies.notified] == ["1"]


def test_who_is_too_late_for_a_round_is_scheduled_at_once() -> None:
    world = StreamWorld(round_size=1)
    world.replies.on_post = lambda: world.pass_time(9)
    begun = world.now
    world.notify(*[world.store(1, str(number)) for number in range(4)], seconds=60.0)
    assert 0 < len(world.replies.notified) < 4
    assert len(world.wake_ups()) == 4 - len(world.replies.notified)
    assert world.now == begun + 9 * len(world.replies.notified)


def test_a_claim_that_is_found_again_too_late_keeps_nobody_else_from_its_post() -> None:
    """Its answer was lost, and the round before took its time."""
    world = StreamWorld(round_size=2)
    world.faults.script["notifications.save"] = [Fault.SILENT]
    records = [world.store(1, str(number)) for number in range(4)]
    world.replies.on_post = lambda: world.pass_time(12)
    world.notify(*records, seconds=120.0)
    assert {each.sender_id for each in world.replies.notified} == {"2", "3"}
    world.wake_all()
    assert len(world.replies.notified) == 4


class TestHandledWakeUps:
    """A wake-up that has been handled is no longer on its way, and the row says so."""

    def test_covered(self) -> None:
        world = StreamWorld()
        world.store(1)
        wake_at = world.now + 1
        world.put_row(
            NotificationState(notified_through=Decimal(int(world.now + 1)), wake_at=wake_at)
        )
        world.pass_time(1)
        assert world.retry(wake_up_for(1, wake_at, world.now - 1)) == []
        assert world.replies.notified == []
        assert world.row().wake_at == 0.0

    def test_deleted(self) -> None:
        world = StreamWorld()
        world.put_row(NotificationState(wake_at=world.now))
        world.retry(wake_up_for(1, world.now, world.now - 1))
        assert world.replies.notified == []
        assert world.row().wake_at == 0.0

    def test_limited_for_long(self) -> None:
        world = StreamWorld()
        limited = session(user_limited_until=iso(world.now + 3600))
        world.tables.put_session(limited, world.now)
        world.store(1)
        world.put_row(NotificationState(wake_at=world.now))
        world.retry(wake_up_for(1, world.now, world.now))
        assert world.replies.notified == []
        assert world.row().wake_at == 0.0

    def test_given_up(self) -> None:
        world = StreamWorld()
        world.store(1)
        world.put_row(NotificationState(wake_at=world.now))
        record = retry_record(
            message_id=sid(1),
            stored_at=Decimal(f"{world.now:.3f}"),
            wake_at=world.now,
            attempt=RULES.max_attempts + 1,
        )
        world.retry(record)
        assert len(world.dead_letters()) == 1
        assert world.row().wake_at == 0.0

    def test_a_later_wake_up_stays_on_its_way(self) -> None:
        world = StreamWorld()
        world.store(1)
        row = NotificationState(notified_through=Decimal(int(world.now + 1)), wake_at=world.now + 9)
        world.put_row(row)
        world.retry(wake_up_for(1, world.now, world.now))
        assert world.row().wake_at == row.wake_at

    def test_a_container_whose_clock_is_behind_does_not_count_on_it(self) -> None:
        world = StreamWorld()
        world.store(1)
        stored_at, wake_at = Decimal(f"{world.now:.3f}"), world.now + 0.9
        world.put_row(
            NotificationState(
                notified_through=stored_at, wake_at=wake_at, turn_ended_at=world.now + 0.6
            )
        )
        world.pass_time(0.95)
        world.retry(wake_up_for(1, wake_at, float(stored_at)))
        runtime = replace(world.dependencies.runtime, clock=lambda: world.now - 1.5)
        behind = replace(world.dependencies, runtime=runtime)
        handle_stream([world.store(2)], Context(60.0), behind)
        world.wake_all()
        assert [each.message_id for each in world.replies.notified] == [sid(2)]
