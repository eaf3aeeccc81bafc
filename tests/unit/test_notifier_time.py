"""The stream half against the clock: who waits for whom, and what time is kept for."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from consumer.errors import NotHandled
from consumer.notification.ports import NotificationQuery, NotificationReads
from consumer.notification.step import Outcome
from tests.support.builders import SENDER, retry_record, session, stream_record
from tests.support.doubles import NOW, RULES, StreamWorld
from tests.support.memory.fault_schedule import Fault
from tests.support.turns import open_turn, sid

OTHER = stream_record(sender_id={"S": "1"})


def posting_times(world: StreamWorld) -> list[float]:
    """Filled with the seconds after the start of the world at which POSTs leave."""
    times: list[float] = []
    world.replies.on_post = lambda: times.append(world.now - NOW - 1)
    return times


def due_now(world: StreamWorld) -> dict[str, Any]:
    """The wake-up of a message that is stored now."""
    world.store(1)
    return retry_record(message_id=sid(1), stored_at=Decimal(f"{world.now:.3f}"), wake_at=world.now)


def hide_texts(world: StreamWorld, meanwhile: Callable[[], object]) -> None:
    """Let no text be read for 15 seconds; the index shows no message at first.

    `meanwhile`: happens a second after the first read.
    """
    begun, read = world.now, world.notifications.read

    def read_some(query: NotificationQuery) -> NotificationReads:
        reads = read(query)
        if query.states:
            reads.newest = {sender: [] for sender in reads.newest}
            world.pass_time(1)
            meanwhile()
        if world.now < begun + 15:
            reads.texts = {}
        return reads

    world.notifications.read = read_some  # type: ignore[method-assign]


def test_a_retry_queue_that_hangs_leaves_the_turn_to_the_record_that_comes_again() -> None:
    world = StreamWorld()
    world.fail("retry_queue", Fault.LOST)
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    record = world.store()
    with pytest.raises(NotHandled):
        world.notify(record)
    assert world.now < NOW + 1 + 60
    world.faults.mend()
    world.replies.outcomes.clear()
    world.notify(record)
    world.wake_all()
    assert len(world.replies.notified) == 2


def test_two_queues_that_hang_leave_time_for_both_and_for_the_rows() -> None:
    """One sender to be scheduled, one to be given up: neither may take the time of what follows."""
    world = StreamWorld()
    world.replies.outcomes = {SENDER: Outcome.CANNOT_DELIVER_NOW, "1": Outcome.REJECTED}
    world.fail("retry_queue", Fault.LOST)
    with pytest.raises(NotHandled, match=r"2 notification\(s\)"):
        world.notify(stream_record(), OTHER)
    assert world.now < NOW + 1 + 60


def test_nobody_waits_for_somebody_else_s_row() -> None:
    world = StreamWorld()
    world.notifications.unreadable = {"1"}
    times = posting_times(world)
    world.notify(stream_record(), OTHER)
    assert ([each.sender_id for each in world.replies.notified], times) == ([SENDER], [0.0])
    assert [each.sender_id for each in world.wake_ups()] == ["1"]


def test_nobody_waits_for_somebody_else_s_claim() -> None:
    """The row of the one has changed since it was read, that of the other has not."""
    world = StreamWorld()
    times = posting_times(world)

    def change() -> None:
        world.put_row(world.row("1"), "1")

    world.notifications.before_save = change
    world.notify(stream_record(), OTHER)
    assert world.replies.notified[0].sender_id == SENDER
    assert times[0] == 0.0


def test_a_claim_that_took_the_time_of_its_post_is_released_and_scheduled() -> None:
    """Nobody was notified, and it is known: it costs no attempt."""
    world = StreamWorld()
    record = world.store()
    world.notifications.slow_seconds = 30.0
    world.notify(record)
    assert world.replies.notified == []
    assert [each.attempt for each in world.wake_ups()] == [1]
    world.notifications.slow_seconds = 0.0
    world.wake_all()
    assert [(each.sender_id, each.attempt) for each in world.replies.notified] == [(SENDER, 1)]


@pytest.mark.parametrize("seconds", [0.0, 15.0, 19.0])
def test_too_late_to_wait_for_answers_all_are_scheduled_and_none_notified(
    seconds: float,
) -> None:
    world = StreamWorld()
    world.notify(stream_record(), seconds=seconds)
    assert world.replies.notified == []
    assert [(each.sender_id, each.attempt) for each in world.wake_ups()] == [(SENDER, 1)]


def test_a_function_that_is_given_little_time_uses_it() -> None:
    """Another invocation would have no more: scheduled for that, nobody would ever be notified."""
    world = StreamWorld()
    world.notify(stream_record(), seconds=30.0)
    assert [each.sender_id for each in world.replies.notified] == [SENDER]
    late = StreamWorld()
    late.notifications.slow_seconds = 6.0
    late.notify(stream_record(), seconds=30.0)
    assert late.replies.notified == []
    assert [each.sender_id for each in late.wake_ups()] == [SENDER]


def test_a_record_that_cannot_even_be_rejected_costs_nobody_an_answer() -> None:
    world = StreamWorld()
    world.fail("retry_queue", Fault.LOST)
    world.store(1)
    times = posting_times(world)
    record = retry_record(message_id=f"SM{1:032d}")
    assert world.retry({"messageId": "odd", "body": "?"}, record) == ["odd"]
    assert times == [0.0]


def test_a_table_that_will_never_answer_is_asked_once() -> None:
    """A name that is wrong, a right that is missing: scheduled for after the repair."""
    world = StreamWorld()
    world.notifications.rejects = True
    world.notify(stream_record())
    assert len(world.notifications.queries) == 1
    assert [each.sender_id for each in world.wake_ups()] == [SENDER]


def test_what_the_indexes_do_not_answer_is_asked_again_after_pauses_only() -> None:
    """A throttled index would else be asked as fast as the network allows."""
    world = StreamWorld()
    world.faults.script["notifications.read"] = [None] + [Fault.THROTTLED] * 1000
    world.notify(stream_record(stored_at={"N": "1"}), seconds=60.0)
    assert len(world.faults.script["notifications.read"]) > 900


def test_turns_that_cannot_be_ended_leave_time_for_the_others_of_their_round() -> None:
    """Their answers come one after the other, and then neither queue nor table answers."""
    world = StreamWorld()
    world.replies.outcomes = {SENDER: Outcome.CANNOT_DELIVER_NOW, "1": Outcome.CANNOT_DELIVER_NOW}

    def fail() -> None:
        world.fail("retry_queue", Fault.LOST)
        world.fail("notifications", Fault.LOST)

    world.replies.on_post = fail
    with pytest.raises(NotHandled, match=r"2 notification\(s\)"):
        world.notify(stream_record(), OTHER, seconds=60.0)
    assert world.now < NOW + 1 + 60


def test_nobody_s_reading_grows_old_while_what_others_send_hangs() -> None:
    """One is to be given up, one has an open turn, the third has a session that is not read yet."""
    world = StreamWorld()
    open_turn(world, 9)
    world.put_row(world.row(), "2")
    stored_at = Decimal(f"{world.now:.3f}")
    for number in (1, 2, 3):
        world.store(number, str(number))
    records = [
        retry_record(
            n,
            str(n),
            message_id=sid(n),
            stored_at=stored_at,
            attempt=RULES.max_attempts + 1 if n == 1 else 1,
        )
        for n in (1, 2, 3)
    ]
    world.pass_time(1)
    world.store(8, "3", session_id="session-2")
    world.pass_time(1)
    read = world.notifications.read

    def read_slowly(query: NotificationQuery) -> NotificationReads:
        world.pass_time(1.0)
        return read(query)

    world.notifications.read = read_slowly  # type: ignore[method-assign]
    world.fail("retry_queue", Fault.LOST)
    assert world.retry(*records, seconds=90.0) == ["record-1", "record-2"]
    assert [each.message_id for each in world.replies.notified] == [sid(8)]


class TestFurtherReads:
    """The message of "old" is old, so its sender's newest messages are read before the POST."""

    @staticmethod
    def batch(world: StreamWorld) -> list[dict[str, Any]]:
        old = world.store(1, "old")
        world.pass_time(6)
        return [world.store(1, "new"), old]

    def test_nobody_is_read_about_only_after_the_posts_of_others(self) -> None:
        world = StreamWorld()
        records = self.batch(world)
        begun, times = world.now - NOW - 1, posting_times(world)
        world.notify(*records)
        assert [each.sender_id for each in world.replies.notified] == ["new", "old"]
        assert times == [begun]

    def test_a_read_that_hangs_holds_up_others_for_one_call_only(self) -> None:
        world = StreamWorld()
        records = self.batch(world)
        begun, times = world.now - NOW - 1, posting_times(world)
        world.faults.script["notifications.read"] = [None, Fault.LOST]
        world.notify(*records, seconds=90.0)
        assert [each.sender_id for each in world.replies.notified] == ["new", "old"]
        assert times[0] - begun == pytest.approx(5.0, abs=0.1)

    def test_nobody_waits_for_further_reads_that_are_slow(self) -> None:
        """Four seconds each: after two of them the message of "new" would be old, too."""
        world = StreamWorld()
        open_turn(world, number=2, sender="unknown")
        world.pass_time(RULES.open_seconds + RULES.outcome_seconds)
        records = [world.store(1, "new"), world.store(3, "unknown")]
        read = world.notifications.read

        def read_slowly(query: NotificationQuery) -> NotificationReads:
            world.pass_time(4.0)
            return read(query)

        world.notifications.read = read_slowly  # type: ignore[method-assign]
        begun, times = world.now - NOW - 1, posting_times(world)
        world.notify(*records, seconds=60.0)
        assert world.replies.notified[0].sender_id == "new"
        assert times[0] - begun == 4.0

    def test_nobody_waits_for_the_confirmation_of_an_absence(self) -> None:
        """It reads all of a sender's chats, which may be many."""
        world = StreamWorld()
        open_turn(world, number=2, sender="unknown")
        world.pass_time(RULES.open_seconds + RULES.outcome_seconds)
        records = [world.store(1, "new"), world.store(3, "unknown")]
        notified_before: list[list[str]] = []
        read = world.notifications.read

        def note(query: NotificationQuery) -> NotificationReads:
            if query.absence:
                notified_before.append([each.sender_id for each in world.replies.notified])
            return read(query)

        world.notifications.read = note  # type: ignore[method-assign]
        world.notify(*records, seconds=90.0)
        assert notified_before == [["new"]]


class TestOldReads:
    """For 15 seconds a message's text cannot be read, while everything else is known."""

    def test_a_message_that_came_meanwhile_is_covered(self) -> None:
        world = StreamWorld()
        hide_texts(world, meanwhile=lambda: world.store(2))
        world.retry(due_now(world), seconds=90.0)
        assert [each.message_id for each in world.replies.notified] == [sid(2)]

    def test_a_limit_that_began_meanwhile_holds_the_post(self) -> None:
        world = StreamWorld()
        limit = datetime.fromtimestamp(world.now + 3600, UTC).isoformat()
        limited = session(user_limited_until=limit)
        hide_texts(world, meanwhile=lambda: world.tables.put_session(limited, world.now))
        world.retry(due_now(world), seconds=90.0)
        assert world.replies.notified == []
