"""One sender's trouble: it costs no other sender a turn, and no invocation its end."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from consumer.errors import NotHandled
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.state import NotificationState, StateChange
from consumer.notification.step import Outcome, ResendUnknown
from tests.support.builders import SENDER, retry_record, stream_record
from tests.support.doubles import NOW, RULES, StreamWorld
from tests.support.memory.fault_schedule import Fault
from tests.support.turns import open_turn, sid


def woken(number: int, sender: str, world: StreamWorld, attempt: int = 1) -> dict[str, Any]:
    """The wake-up for the sender's nth message, which is due now."""
    return retry_record(
        number,
        sender,
        message_id=sid(number),
        stored_at=Decimal(f"{world.now:.3f}"),
        attempt=attempt,
        wake_at=world.now,
    )


def posted(world: StreamWorld) -> list[str]:
    return sorted(each.sender_id for each in world.replies.notified)


def fail_rows(
    world: StreamWorld,
    fails: Callable[[StateChange], bool],
    on_save: Callable[[StateChange], None] = lambda change: None,
) -> None:
    """Let the writing of some rows be throttled, as a hot partition does; the others are written.

    `on_save`: called with each change that was applied.
    """
    save = world.notifications.save

    def save_some(changes: Sequence[StateChange]) -> SaveResult:
        result = save([each for each in changes if not fails(each)])
        for each in changes:
            if each.sender_id in result.saved:
                on_save(each)
        result.problems += ["write:ThrottlingError"] * any(fails(each) for each in changes)
        return result

    world.notifications.save = save_some  # type: ignore[method-assign]


def hook_reads(world: StreamWorld, before: Callable[[NotificationQuery], None]) -> None:
    read = world.notifications.read

    def hooked(query: NotificationQuery) -> NotificationReads:
        before(query)
        return read(query)

    world.notifications.read = hooked  # type: ignore[method-assign]


class TestPauses:
    """Needs that come again out of step are not new, so there is a pause before each try."""

    def test_a_throttled_table_is_spared(self) -> None:
        """Two senders with old news; one is a read behind the other; no row can be written."""
        world = StreamWorld()
        for each in "12":
            world.store(1, each)
        records = [stream_record(sender_id={"S": each}, stored_at={"N": "1"}) for each in "12"]
        world.faults.script["notifications.read"] = [None, None, Fault.THROTTLED]
        world.faults.script["notifications.save"] = [Fault.THROTTLED] * 10_000
        world.notify(*records, seconds=60.0)
        assert world.calls["notifications.save"] < 200

    def test_the_invocation_ends_while_the_table_stays_throttled(self) -> None:
        """Calls that take 5 ms: how many of them an invocation of 60 s makes."""
        world = StreamWorld()
        for each in "12":
            world.store(1, each)
        records = [stream_record(sender_id={"S": each}, stored_at={"N": "1"}) for each in "12"]
        world.notifications.slow_seconds = 0.005
        hook_reads(world, lambda query: world.pass_time(0.005))
        world.faults.script["notifications.read"] = [None, None, Fault.THROTTLED]
        world.faults.script["notifications.save"] = [Fault.THROTTLED] * 10_000
        world.notify(*records, seconds=60.0)
        assert world.calls["notifications.save"] < 200


class TestOthersOfTheRound:
    """A turn that cannot be ended holds up none that was answered in the same round."""

    @pytest.mark.parametrize("trouble", ["row", "dead-letter queue", "retry queue"])
    def test_nobody_s_turn_waits_for_the_end_of_another_s(self, trouble: str) -> None:
        """The first one's turn cannot be ended; the second was answered in the same moment."""
        world = StreamWorld()
        begun, ended = world.now, dict[str, float]()
        outcome = Outcome.REJECTED if trouble == "dead-letter queue" else Outcome.CANNOT_DELIVER_NOW
        world.replies.outcomes["1"] = outcome if trouble != "row" else Outcome.ACCEPTED

        def note(change: StateChange) -> None:
            if change.after.turn is None:
                ended[change.sender_id] = world.now - begun

        is_row = trouble == "row"
        fail_rows(world, lambda c: is_row and c.sender_id == "1" and c.after.turn is None, note)
        if not is_row:
            world.replies.on_post = lambda: world.fail("retry_queue", Fault.THROTTLED)
        records = [world.store(1, "1"), world.store(1, "2")]
        with nullcontext() if is_row else pytest.raises(NotHandled):
            world.notify(*records, seconds=90.0)
        assert ended["2"] < 5.0

    def test_an_answer_that_was_read_in_time_is_not_asked_for_again(self) -> None:
        """200 was read at once; somebody else takes the turn over before it has been ended."""
        world = StreamWorld(replace(RULES, resend_unknown=ResendUnknown.ALWAYS))
        first, second = world.store(1, "1"), world.store(1, "2")
        is_again = False

        def fails(change: StateChange) -> bool:
            return change.sender_id == "1" and change.after.turn is None

        def pause_and_look(query: NotificationQuery) -> None:
            nonlocal is_again
            if world.now > NOW + 1 + RULES.open_seconds + 1 and not is_again:
                is_again = True
                world.notify(second, seconds=60.0)  # delivered again, or a new message
                for _ in world.wake_ups():
                    world.wake()

        fail_rows(world, fails)
        hook_reads(world, pause_and_look)
        world.notify(first, second, seconds=90.0)
        assert posted(world).count("2") == 1


def test_a_late_claim_that_cannot_be_released_keeps_no_other_from_its_post() -> None:
    """In the first pass 0 and 2 are claimed without an answer, 3 takes its time, and of 1, whose
    news is old, the newest message cannot be read. In the second pass 0 is late and 1 is not.
    """
    world = StreamWorld(round_size=2)
    old = world.store(1, "1")
    world.pass_time(6)
    world.faults.script["notifications.read"] = [None, Fault.THROTTLED]
    world.faults.script["notifications.save"] = [Fault.SILENT]
    records = [world.store(1, "0"), old, world.store(1, "2"), world.store(1, "3")]

    def be_slow() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(12)

    world.replies.on_post = be_slow
    fail_rows(world, lambda c: c.sender_id == "0" and c.after.turn is None)
    world.notify(*records, seconds=90.0)
    assert posted(world) == ["1", "3"]


@pytest.mark.parametrize("round_size", [1, 100])
def test_a_turn_that_cannot_be_ended_keeps_no_later_round_from_its_posts(round_size: int) -> None:
    """Nor those who need another read first: with one more sender in the batch it hits them."""
    world = StreamWorld(round_size=round_size)
    old = world.store(1, "2")
    world.pass_time(6)
    fail_rows(world, lambda c: c.sender_id == "1" and c.after.turn is None)
    world.notify(world.store(1, "1"), old, seconds=90.0)
    assert posted(world) == ["1", "2"]


def test_two_queues_that_hang_keep_no_other_from_its_post() -> None:
    """Sending takes ten seconds and a bit, after which a decision is old.

    With the template's times (90 s, timeout 30 s) rounds may begin for 15 s; so they may here.
    """
    world = StreamWorld()
    open_turn(world)
    world.store(2, "given up")
    world.store(3, "healthy")
    world.put_row(NotificationState(notified_through=Decimal(int(world.now + 9)), wake_at=1.0), "4")
    records = [
        woken(1, SENDER, world),
        woken(2, "given up", world, RULES.max_attempts + 1),
        woken(3, "healthy", world),
        woken(4, "4", world),
    ]
    world.notifications.slow_seconds = 0.01
    world.fail("retry_queue", Fault.LOST)
    world.retry(*records, seconds=65.0)
    assert posted(world) == ["healthy"]


def test_who_is_too_late_does_not_wait_for_who_cannot_be_read() -> None:
    """Whose claim is too late is scheduled at once, also if somebody else is left."""
    world = StreamWorld()
    begun, scheduled = world.now, list[float]()
    world.notifications.unreadable = {"unreadable"}
    records = [world.store(1, "late"), world.store(1, "unreadable")]
    world.faults.script["notifications.save"] = [Fault.LOST, Fault.LOST, Fault.LOST]
    schedule = world.dependencies.retry_queue.schedule

    def note(notifications: Any, now: float) -> set[str]:
        scheduled.append(world.now - begun)
        return schedule(notifications, now)

    world.dependencies.retry_queue.schedule = note  # type: ignore[method-assign]
    world.notify(*records, seconds=60.0)
    assert posted(world) == []
    assert scheduled[0] < 20.0  # too late from 15 s on


def test_who_is_postponed_does_not_count_on_a_wake_up_that_is_far_away() -> None:
    """It was for the outcome of a turn that has ended meanwhile."""
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)

    def end_the_turn() -> None:
        world.notifications.before_save = lambda: None
        world.put_row(replace(world.row().without_turn(world.now), revision="ended"))
        world.faults.script["notifications.read"] = [Fault.THROTTLED] * 10_000

    world.notifications.before_save = end_the_turn
    world.notify(world.store(2))
    assert (world.wake_ups()[0].wake_at or 0) < world.now + 30


class TestTheEndOfTheInvocation:
    """Lambda ends no invocation in the middle of its work."""

    def test_a_record_that_cannot_be_rejected(self) -> None:
        world = StreamWorld()
        world.notifications.unreadable = {SENDER}
        world.fail("retry_queue", Fault.LOST)
        world.store(1)
        odd = {"messageId": "odd", "body": "?"}
        assert len(world.retry(odd, woken(1, SENDER, world), seconds=60.0)) == 2
        assert world.now < NOW + 1 + 60

    def test_one_pass_takes_more_calls_than_are_kept(self) -> None:
        """A read, a dead letter, a wake-up, a row, and a wake-up for those who are left."""
        world = StreamWorld()
        open_turn(world)
        world.store(2, "2")
        records = [
            woken(1, SENDER, world),
            woken(2, "2", world, RULES.max_attempts + 1),
            woken(3, "3", world),
        ]
        world.put_row(
            NotificationState(notified_through=Decimal(int(world.now + 9)), wake_at=1.0), "3"
        )
        world.notifications.unreadable = {SENDER, "2", "3"}
        reads = 0

        def wait(query: NotificationQuery) -> None:
            nonlocal reads
            reads += 1
            world.pass_time(38.5 if reads == 1 else 4.9)
            if reads == 2:
                world.notifications.unreadable = set()

        hook_reads(world, wait)
        world.fail("retry_queue", Fault.LOST)
        world.faults.script["notifications.save"] = [Fault.LOST] * 100
        world.retry(*records, seconds=60.0)
        assert world.now < NOW + 1 + 60

    def test_a_wave_of_unknown_outcomes_and_a_table_that_hangs(self) -> None:
        """Absence is confirmed for one sender after the other: here it takes five seconds each."""
        world = StreamWorld()
        records = []
        for number in range(1, 11):
            sender = str(number)
            open_turn(world)
            world.put_row(world.row(), sender)
            records.append(woken(number, sender, world))
        world.pass_time(RULES.open_seconds + RULES.outcome_seconds)
        begun, read = world.now, world.notifications.read

        def hang(query: NotificationQuery) -> NotificationReads:
            is_throttled = world.now < begun + 15
            world.pass_time(0.0 if is_throttled else 5.0 * len(query.absence))
            reads = read(query)
            reads.absence = {}
            return reads

        world.notifications.read = hang  # type: ignore[method-assign]
        world.retry(*records, seconds=60.0)
        assert world.now < begun + 60


def test_who_was_scheduled_after_all_is_not_unhandled() -> None:
    """The first try at the wake-up failed, and so did the row: both went well later."""
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    record = world.store()

    def on_post() -> None:
        world.pass_time(15.1)  # from now on one try at a wake-up
        world.faults.script["retry_queue.schedule"] = [Fault.THROTTLED]
        world.faults.script["notifications.save"] = [Fault.THROTTLED]

    world.replies.on_post = on_post
    world.notify(record, seconds=90.0)
    assert len(world.wake_ups()) == 1
