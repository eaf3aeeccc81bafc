"""What waits during a turn, and the wake-ups for it."""

from dataclasses import replace
from decimal import Decimal

from consumer.notification.state import NotificationState
from consumer.notification.turn import resolve_at
from tests.support.builders import retry_record
from tests.support.doubles import NOW, RULES, StreamWorld, lines_with
from tests.support.turns import open_turn, pending_id, sid


def test_a_message_during_an_open_turn_waits_and_schedules_one_wake_up() -> None:
    world = StreamWorld()
    turn = open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    assert world.replies.notified == []
    [wake_up] = world.wake_ups()
    assert wake_up.wake_at == resolve_at(turn, RULES) == world.row().wake_at
    assert (wake_up.message_id, pending_id(world)) == (sid(2), sid(2))
    assert world.row().turn == turn
    [measured] = lines_with(world, "notifications handled")
    assert measured["Waiting"] == 1


def test_a_second_one_adds_no_second_wake_up() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    world.pass_time(1)
    world.notify(world.store(3))
    assert [each.message_id for each in world.wake_ups()] == [sid(2)]
    assert pending_id(world) == sid(3)


def test_messages_during_a_turn_are_one_further_post_with_the_newest_text() -> None:
    world = StreamWorld()

    def go_on_writing() -> None:
        world.replies.on_post = lambda: None
        for number, text in [(2, "two"), (3, "three"), (4, "four")]:
            world.pass_time(0.5)
            world.notify(world.store(number, text=text))

    world.replies.on_post = go_on_writing
    world.notify(world.store(1, text="one"))
    assert world.row().turn is None
    world.wake_all()
    assert world.replies.texts == ["one", "four"]
    assert world.row().pending is None


def test_the_end_of_a_turn_wakes_what_is_pending_within_two_seconds_and_in_a_later_second() -> None:
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.4)
        world.notify(world.store(2))

    world.replies.on_post = write_again
    world.notify(world.store())
    ended_at = world.now
    world.wake()
    assert len(world.replies.notified) == 2
    assert int(ended_at) < int(world.now) <= ended_at + 2


def test_a_new_message_in_the_second_of_an_end_waits_for_the_next_second() -> None:
    world = StreamWorld()
    world.notify(world.store())
    world.pass_time(0.3)
    world.notify(world.store(2))
    assert len(world.replies.notified) == 1
    world.wake()
    assert len(world.replies.notified) == 2
    assert int(world.now) > int(NOW + 1)


def test_a_wake_up_that_finds_the_turn_open_sends_its_successor() -> None:
    world = StreamWorld()
    turn = open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    row = world.row()
    longer = replace(turn, open_until=turn.open_until + 100)
    world.put_row(replace(row, turn=longer))
    world.wake()
    assert world.replies.notified == []
    assert [each.wake_at for each in world.wake_ups()] == [resolve_at(longer, RULES)]
    assert world.row().wake_at == resolve_at(longer, RULES)


def test_an_earlier_wake_up_whose_successor_is_ahead_ends_without_one() -> None:
    """Else chains of wake-ups multiply."""
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    earlier = retry_record(message_id=sid(2), stored_at=Decimal(str(world.now)), wake_at=world.now)
    assert world.retry(earlier) == []
    assert len(world.wake_ups()) == 1


def test_a_wake_up_that_was_lost_keeps_nobody_from_scheduling_another() -> None:
    world = StreamWorld()
    open_turn(world)
    world.put_row(replace(world.row(), wake_at=world.now - 1))
    world.pass_time(1)
    world.notify(world.store(2))
    assert [each.message_id for each in world.wake_ups()] == [sid(2)]


def test_only_an_accepted_wake_up_is_written_into_the_row() -> None:
    world = StreamWorld()
    open_turn(world)
    before = world.row()
    world.pass_time(1)
    world.fail("retry_queue")
    record = retry_record(message_id=sid(2), stored_at=Decimal(str(world.now)))
    assert world.retry(record) == ["record-1"]
    assert world.row() == before


def test_pending_only_moves_forward() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    older = world.store(2)
    world.pass_time(1)
    world.notify(world.store(3))
    world.notify(older)
    pending = world.row().pending
    assert pending is not None
    assert (pending.notification.message_id, pending.since) == (
        sid(3),
        Decimal(older["dynamodb"]["NewImage"]["stored_at"]["N"]),
    )


def test_what_is_pending_is_not_covered_by_that() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    second = world.store(2)
    world.notify(second)
    assert world.row().notified_through == 0
    world.put_row(replace(world.row(), turn=None, wake_at=0.0))
    world.notify(second)
    assert [each.message_id for each in world.replies.notified] == [sid(2)]


def test_a_message_is_covered_by_what_was_notified_through_only() -> None:
    world = StreamWorld()
    record = world.store()
    stored_at = Decimal(record["dynamodb"]["NewImage"]["stored_at"]["N"])
    world.put_row(NotificationState(notified_through=stored_at))
    world.notify(record)
    assert world.replies.notified == []
    world.put_row(NotificationState(notified_through=stored_at - Decimal("0.001")))
    world.notify(record)
    assert len(world.replies.notified) == 1
