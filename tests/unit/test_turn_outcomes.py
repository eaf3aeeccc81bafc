"""How a turn ends: a known failure, or an outcome that nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from consumer.notification.ports import NotificationQuery, NotificationReads
from consumer.notification.step import Outcome, ResendUnknown
from consumer.notification.turn import resolve_at
from tests.support.builders import SENDER, retry_record, session
from tests.support.doubles import NOW, RULES, StreamWorld, lines_with
from tests.support.turns import OUTCOME_KNOWN_SECONDS, open_turn, pending_id, sid
from tests.template.stack import template

# Known failures


def test_a_known_failure_waits_for_its_backoff() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store())
    [wake_up] = world.wake_ups()
    assert (wake_up.attempt, wake_up.wake_at) == (2, world.now + 5)
    row = world.row()
    assert (row.turn, pending_id(world), row.wake_at) == (None, sid(1), wake_up.wake_at)
    assert row.pending is not None
    assert row.pending.notification.attempt == 2


def test_a_failed_turn_is_never_handed_over_without_delay() -> None:
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2))

    world.replies.on_post = write_again
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store())
    assert (world.wake_ups()[0].wake_at or 0) - world.now > 4
    world.replies.outcomes.clear()
    world.wake_all()
    assert [each.message_id for each in world.replies.notified] == [sid(1), sid(2)]


def test_after_the_last_attempt_it_is_dead_lettered_and_a_newer_one_gets_its_own() -> None:
    world = StreamWorld()
    open_turn(world, attempt=3)
    world.pass_time(1)
    world.notify(world.store(2, text="two"))
    turn = world.row().turn
    assert turn is not None
    world.pass_time(OUTCOME_KNOWN_SECONDS)
    world.wake_all()
    assert world.replies.texts == ["two"]
    row = world.row()
    assert (row.turn, row.pending) == (None, None)


def test_a_rejected_message_is_dead_lettered_and_what_came_meanwhile_is_told_later() -> None:
    world = StreamWorld()

    def write_again() -> None:
        world.replies.on_post = lambda: None
        world.pass_time(0.5)
        world.notify(world.store(2, text="two"))

    world.replies.on_post = write_again
    world.replies.outcomes[SENDER] = Outcome.REJECTED
    world.notify(world.store(text="one"))
    world.replies.outcomes.clear()
    assert [each.reason for each in world.dead_letters()] == ["the reply service rejected it"]
    world.wake_all()
    assert world.replies.texts == ["one", "two"]
    assert len(world.dead_letters()) == 1


def test_what_is_pending_after_its_last_attempt_is_dead_lettered() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store())
    world.wake_all()
    assert len(world.replies.notified) == 3
    assert [each.reason for each in world.dead_letters()] == ["given up after 3 attempts"]
    assert world.row().pending is None


# Unknown outcomes


def test_an_unknown_outcome_stays_open_until_evidence_can_be_there() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    [wake_up] = world.wake_ups()
    assert wake_up.wake_at == world.now + RULES.outcome_seconds
    turn = world.row().turn
    assert turn is not None
    assert turn.open_until == world.now
    world.pass_time(RULES.outcome_seconds - 1)
    world.notify(world.store(2))
    assert len(world.replies.notified) == 1


def test_evidence_of_an_answer_ends_the_turn_as_told() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    world.tables.put_reply(SENDER, world.now)
    world.wake_all()
    assert len(world.replies.notified) == 1
    assert world.row().turn is None
    assert world.row().notified_through == world.replies.notified[0].stored_at
    assert not any(query.absence for query in world.notifications.queries)


def test_absence_is_confirmed_by_consistent_reads_before_it_is_told_again() -> None:
    """An index proves presence only."""
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    world.tables.index_lag = lambda: 10_000.0
    world.tables.put_reply(SENDER, world.now)
    world.wake_all()
    assert len(world.replies.notified) == 1
    evidence, absence = world.notifications.queries[-2:]
    assert evidence.evidence == absence.absence == {SENDER: NOW + 1}


def test_without_evidence_it_is_told_again_and_that_uses_an_attempt() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    world.replies.outcomes.clear()
    world.wake_all()
    assert [each.attempt for each in world.replies.notified] == [1, 2]
    assert world.replies.texts == ["hi", "hi"]


def test_a_service_that_leaves_no_trace_is_not_asked_for_ever() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    world.wake_all()
    assert [each.attempt for each in world.replies.notified] == [1, 2, 3]
    assert [each.reason for each in world.dead_letters()] == ["given up after 3 attempts"]


def test_absence_that_cannot_be_confirmed_for_one_is_confirmed_for_others() -> None:
    """It is read for one sender at a time."""
    world = StreamWorld()
    records = []
    for number in (1, 2, 3):
        open_turn(world, number, sender=str(number))
        records.append(world.store(number, str(number)))
    world.pass_time(OUTCOME_KNOWN_SECONDS + 1)
    read = world.notifications.read

    def read_others(query: NotificationQuery) -> NotificationReads:
        reads = read(query)
        reads.absence.pop("1", None)
        return reads

    world.notifications.read = read_others  # type: ignore[method-assign]
    world.notify(*records)
    assert [bool(world.row(sender).turn) for sender in "123"] == [True, False, False]


def test_an_unknown_outcome_is_logged_with_the_message_that_was_posted() -> None:
    """Whoever finds the open turn has come with another one."""
    world = StreamWorld(replace(RULES, resend_unknown=ResendUnknown.NEVER))
    open_turn(world, 1)
    world.pass_time(OUTCOME_KNOWN_SECONDS)
    world.notify(world.store(2))
    [logged] = lines_with(world, "reply outcome unknown")
    assert logged["message_id"] == sid(1)


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.CANNOT_DELIVER_NOW])
def test_a_redrive_allows_one_more_post(outcome: Outcome) -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = outcome
    world.notify(world.store())
    world.wake_all()
    for posts in (4, 5):
        world.retry({"messageId": "redriven", "body": world.dead_letters()[-1].body})
        world.wake_all()
        assert len(world.replies.notified) == posts
        assert len(world.dead_letters()) == posts - 2


@pytest.mark.parametrize("outcome", [Outcome.CANNOT_DELIVER_NOW, Outcome.UNKNOWN])
@pytest.mark.parametrize("setting", [ResendUnknown.CHECK, ResendUnknown.ALWAYS])
def test_a_reply_service_that_is_down_for_an_hour_costs_nobody_an_answer(
    outcome: Outcome, setting: ResendUnknown
) -> None:
    """With the template's attempts, and backoffs as short as they can be."""
    attempts = template()["Parameters"]["ReplyMaxAttempts"]["Default"]
    world = StreamWorld(replace(RULES, max_attempts=attempts, resend_unknown=setting))
    runtime = replace(world.dependencies.runtime, random=lambda: 0.0)
    world.dependencies = replace(world.dependencies, runtime=runtime)
    up_again = world.now + 3600
    world.replies.outcomes[SENDER] = outcome
    world.notify(world.store())
    while world.now < up_again:
        world.wake()
    world.replies.outcomes.clear()
    world.wake_all()
    assert world.dead_letters() == []
    assert world.row().notified_through > 0


def test_a_message_behind_an_unknown_outcome_does_not_wait_for_the_older_one_s_backoff() -> None:
    world = StreamWorld(replace(RULES, max_attempts=24))
    open_turn(world, attempt=9)
    world.pass_time(1)
    world.notify(world.store(2))
    world.wake_all()
    assert [each.message_id for each in world.replies.notified] == [sid(2)]
    assert world.now < NOW + OUTCOME_KNOWN_SECONDS + 5


def test_a_process_that_died_leaves_nobody_without_an_answer() -> None:
    world = StreamWorld()
    turn = open_turn(world)
    again = retry_record(
        message_id=sid(1), stored_at=turn.notification.stored_at, wake_at=world.now
    )
    assert world.retry(again) == []
    world.wake_all()
    assert world.replies.texts == ["one"]
    assert world.now == resolve_at(turn, RULES) + 1  # a later second than the end


@pytest.mark.parametrize(
    ("resend", "notified", "unknown"),
    [(ResendUnknown.NEVER, 1, 1), (ResendUnknown.ALWAYS, 3, 0)],
)
def test_an_unknown_outcome_may_be_settled_without_a_look(
    resend: ResendUnknown, notified: int, unknown: int
) -> None:
    world = StreamWorld(replace(RULES, resend_unknown=resend))
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    record = world.store()
    world.notify(record)
    world.wake_all()
    world.notify(record)
    assert len(world.replies.notified) == notified
    assert len(lines_with(world, "reply outcome unknown")) == unknown
    assert not any(query.evidence or query.absence for query in world.notifications.queries)


@pytest.mark.parametrize(
    ("resend", "notified"), [(ResendUnknown.NEVER, []), (ResendUnknown.ALWAYS, ["one"])]
)
def test_a_turn_that_nobody_ended_is_settled_by_the_setting(
    resend: ResendUnknown, notified: list[str]
) -> None:
    rules = replace(RULES, resend_unknown=resend)
    world = StreamWorld(rules)
    turn = open_turn(world)
    assert world.retry(retry_record(message_id=sid(1), stored_at=turn.notification.stored_at)) == []
    assert [each.wake_at for each in world.wake_ups()] == [turn.open_until]
    world.wake_all()
    assert world.replies.texts == notified
    assert len(lines_with(world, "reply outcome unknown")) == (resend is ResendUnknown.NEVER)


LONG_AGO = "2001-01-01T00:00:00"
# It is set after the claim, and over before anybody looks.
PASSED = datetime.fromtimestamp(NOW + 10, UTC).isoformat()


@pytest.mark.parametrize(
    ("offset", "limit", "notified"),
    [(0, PASSED, 1), (1, PASSED, 1), (-1, PASSED, 2), (0, LONG_AGO, 2), (0, None, 2)],
)
def test_a_limit_since_the_second_of_the_claim_counts_as_answered(
    offset: int, limit: str | None, notified: int
) -> None:
    """Whether or not the limit has passed; a session without `updated_at` counts when it began."""
    for moment in ("updated_at", "created_at"):
        world = StreamWorld()
        world.replies.outcomes[SENDER] = Outcome.UNKNOWN
        world.pass_time(0.6)
        world.notify(world.store())
        world.replies.outcomes.clear()
        values = {moment: Decimal(int(NOW + 1) + offset)}
        limited = session("another", user_limited_until=limit, **values)
        world.tables.put_session(limited, world.now)
        world.wake_all()
        assert len(world.replies.notified) == notified


@pytest.mark.parametrize(("offset", "notified"), [(-1.0, 2), (-0.5, 1), (0.0, 1)])
def test_an_outbound_chat_of_an_earlier_second_is_an_older_turns(
    offset: float, notified: int
) -> None:
    world = StreamWorld()
    world.pass_time(0.6)
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.tables.put_reply(SENDER, world.now + offset)
    world.notify(world.store())
    world.replies.outcomes.clear()
    world.wake_all()
    assert len(world.replies.notified) == notified
