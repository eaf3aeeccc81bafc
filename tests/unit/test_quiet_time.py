"""Turns that wait on purpose: a quiet time, or a limited session."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tests.support.builders import SENDER, session
from tests.support.doubles import NOW, RULES, StreamWorld, lines_with
from tests.support.turns import open_turn, sid

QUIET = replace(RULES, quiet_seconds=2.0, longest_wait_seconds=5.0)


def test_with_a_quiet_time_a_post_leaves_when_nothing_has_come_for_so_long() -> None:
    world = StreamWorld(QUIET)
    for number in range(1, 4):
        world.notify(world.store(number))
        world.pass_time(0.7)
    assert world.replies.notified == []
    last_at = world.now - 0.7
    world.wake_all()
    assert [each.message_id for each in world.replies.notified] == [sid(3)]
    assert 2 <= world.now - last_at <= 3


def test_nobody_waits_longer_than_the_longest_wait_however_long_they_write() -> None:
    world = StreamWorld(QUIET)
    began = world.now
    for number in range(1, 6):
        world.notify(world.store(number))
        world.pass_time(0.9)
    last = world.store(6)
    world.notify(last)
    world.wake_all()
    assert [each.message_id for each in world.replies.notified] == [sid(6)]
    assert 5 <= world.now - began <= 6


def test_a_burst_with_a_quiet_time_has_few_wake_ups() -> None:
    world = StreamWorld(QUIET)
    for number in range(1, 5):
        world.notify(world.store(number))
        world.pass_time(0.7)
    world.wake_all()
    assert len(world.replies.notified) == 1
    assert world.calls["retry_queue.schedule"] <= 3


def test_a_quiet_time_counts_for_what_is_pending_when_a_turn_ends() -> None:
    world = StreamWorld(QUIET)

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2))

    world.replies.on_post = write_again
    world.notify(world.store())
    world.wake()
    stored_at = world.now
    world.wake_all()
    assert len(world.replies.notified) == 2
    assert world.now - stored_at >= 1.9


def limit(world: StreamWorld, seconds: float, session_id: str = "session-1") -> None:
    """Limit the session, so many seconds from now."""
    until = datetime.fromtimestamp(world.now + seconds, UTC).isoformat()
    limited = session(session_id, user_limited_until=until, created_at=Decimal(int(NOW)))
    world.tables.put_session(limited, world.now)


def test_a_limit_that_ends_soon_delays_the_newest_message() -> None:
    world = StreamWorld()
    limit(world, 600)
    world.notify(world.store(1))
    world.pass_time(10)
    world.notify(world.store(2))
    assert len(world.wake_ups()) == 1
    world.wake_all()
    assert [each.message_id for each in world.replies.notified] == [sid(2)]
    assert world.now > NOW + 601


def test_a_limit_of_more_than_a_quarter_of_an_hour_drops_what_waits() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    world.tables.put_reply(SENDER, world.now)
    limit(world, 2000)
    world.wake_all()
    assert world.replies.notified == []
    assert world.row().pending is None
    assert lines_with(world, "notifications handled")[-1]["Limited"] == 1


def test_a_follow_up_looks_at_the_session_that_counts_now() -> None:
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2))
        limit(world, 100_000, "a newer one")

    world.replies.on_post = write_again
    world.notify(world.store())
    world.wake_all()
    assert len(world.replies.notified) == 1


def test_a_limit_of_the_session_before_holds_nothing_while_the_index_lags() -> None:
    """The message has opened a session that the index does not show yet."""
    world = StreamWorld()
    limit(world, 100_000, "the session before")
    opened = session("session-1", created_at=Decimal(int(NOW) + 1))
    world.tables.sessions["session-1"] = opened
    stored = world.store()
    world.pass_time(10)
    world.notify(stored)
    assert len(world.replies.notified) == 1


def test_a_limit_holds_nothing_of_a_session_that_only_the_newest_message_names() -> None:
    """The record that is handled belongs to the session before."""
    world = StreamWorld()
    limit(world, 100_000, "session-1")
    first = world.store(1)
    world.pass_time(10)
    opened = session("session-2", created_at=Decimal(int(world.now)))
    world.tables.sessions["session-2"] = opened
    world.store(2, session_id="session-2")
    world.notify(first)
    assert [each.message_id for each in world.replies.notified] == [sid(2)]


def test_a_limit_holds_what_only_the_newest_message_s_session_has() -> None:
    world = StreamWorld()
    first = world.store(1)
    world.pass_time(10)
    limited = session(
        "session-2", created_at=Decimal(int(world.now)), user_limited_until="2100-01-01T00:00:00"
    )
    world.tables.sessions["session-2"] = limited
    world.store(2, session_id="session-2")
    world.notify(first)
    assert world.replies.notified == []


def test_of_two_sessions_of_one_second_the_message_s_own_counts() -> None:
    """The index may show either; the message was stored in the one that was active."""
    world = StreamWorld()
    limit(world, 100_000, "session-1")
    begun = world.tables.sessions["session-1"].created_at
    world.tables.sessions["session-2"] = session("session-2", created_at=begun)
    stored = world.store(session_id="session-2")
    world.pass_time(10)
    world.notify(stored)
    assert len(world.replies.notified) == 1
