"""One turn at a time: what waits, what wakes, what a POST covers, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from consumer.errors import NotHandled
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome, ResendUnknown
from consumer.notification.turn import resolve_at
from tests.support.builders import SENDER, notification, retry_record, session
from tests.support.doubles import NOW, RULES, StreamWorld, lines_with
from tests.support.memory.fault_schedule import Fault

OUTCOME_KNOWN_SECONDS = RULES.open_seconds + RULES.outcome_seconds
TOKEN = "somebody's"


def sid(number: int) -> str:
    return f"SM{number:032d}"


def open_turn(world: StreamWorld, number: int = 1, text: str = "one", attempt: int = 1) -> Turn:
    """Somebody has claimed the message just now, and has not ended the turn."""
    world.store(number, text=text)
    stored_at = Decimal(f"{world.now:.3f}")
    claimed = notification(
        message_id=sid(number), stored_at=stored_at, attempt=attempt, text=None, text_id=sid(number)
    )
    turn = Turn(claimed, TOKEN, world.now, world.now + RULES.open_seconds)
    world.put_row(NotificationState(turn=turn))
    return turn


def pending_id(world: StreamWorld) -> str:
    pending = world.row().pending
    return pending.notification.message_id if pending else ""


# What waits, and its wake-ups


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


# What a turn covers, and what it costs


def test_a_fresh_lone_message_costs_a_read_a_claim_a_post_and_an_ending_write() -> None:
    world = StreamWorld()
    world.notify(world.store())
    assert world.calls == {"notifications.read": 1, "notifications.save": 2}
    [query] = world.notifications.queries
    assert (query.newest, query.evidence, query.absence, query.texts) == ([], {}, {}, [])
    assert len(world.replies.notified) == 1


def test_a_backlog_is_one_post_about_the_newest_stored() -> None:
    world = StreamWorld()
    backlog = []
    for number in range(1, 21):
        backlog.append(world.store(number, text=f"number {number}"))
        world.pass_time(1)
    world.pass_time(60)
    world.receive(*backlog)
    world.wake_all()
    assert world.replies.texts == ["number 20"]
    assert [each.message_id for each in world.replies.notified] == [sid(20)]


def test_a_message_stored_before_the_last_turn_ended_reads_the_newest_stored() -> None:
    world = StreamWorld()
    first, second = world.store(1), world.store(2, text="two")
    world.put_row(NotificationState(turn_ended_at=world.now + 0.5))
    world.pass_time(2)
    world.notify(first)
    assert [each.message_id for each in world.replies.notified] == [sid(2)]
    world.notify(second)
    assert len(world.replies.notified) == 1


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["one", ""], "one"),
        (["one", " \n"], "one"),
        (["one", "two"], "two"),
        (["", "two", ""], "two"),
        (["", ""], ""),
    ],
)
def test_the_text_is_the_newest_that_is_not_blank_of_those_it_covers(
    texts: list[str], said: str
) -> None:
    """Whether they come in one batch, from what is pending, or from what is stored."""
    worlds = batch, waiting, backlog = StreamWorld(), StreamWorld(), StreamWorld()
    records = []
    for number, text in enumerate(texts, 1):
        records.append(batch.store(number, text=text))
        batch.pass_time(0.1)
    batch.notify(*records)
    open_turn(waiting, 9, text="covered before")
    for number, text in enumerate(texts, 10):
        waiting.pass_time(0.1)
        waiting.notify(waiting.store(number, text=text))
    waiting.tables.put_reply(SENDER, waiting.now)
    waiting.wake_all()
    for number, text in enumerate(texts, 1):
        last = backlog.store(number, text=text)
        backlog.pass_time(60)
    backlog.notify(last)
    assert [(world.replies.texts[-1] or "").strip() for world in worlds] == [said] * 3


def test_a_message_that_was_deleted_is_not_told_and_waits_no_more() -> None:
    world = StreamWorld()
    open_turn(world)
    world.pass_time(1)
    world.notify(world.store(2))
    world.tables.put_reply(SENDER, world.now)
    world.tables.chats.clear()
    world.tables.chat_index.__init__()  # type: ignore[misc]
    world.wake_all()
    assert world.replies.notified == []
    assert world.row().pending is None
    assert lines_with(world, "notifications handled")[-1]["Deleted"] == 1


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


@pytest.mark.parametrize(
    ("offset", "limit", "notified"),
    [(0, LONG_AGO, 1), (1, LONG_AGO, 1), (-1, LONG_AGO, 2), (0, None, 2)],
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


# Quiet time and limits

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


# Opt-outs


@pytest.mark.parametrize("word", ["STOP", "HELP", "START"])
def test_what_twilio_has_answered_is_not_told(word: str) -> None:
    world = StreamWorld()
    world.notify(world.store(text=word, opt_out=word))
    world.wake_all()
    assert world.replies.notified == []
    assert [each["OptedOut"] for each in lines_with(world, "notifications handled")] == [1]


@pytest.mark.parametrize("word", ["STOP", "HELP", "START"])
def test_opt_outs_are_told_where_that_is_wanted(word: str) -> None:
    world = StreamWorld(replace(RULES, answers_opt_outs=True))
    world.notify(world.store(text=word, opt_out=word))
    assert world.replies.texts == [word]


@pytest.mark.parametrize(("word", "texts"), [("STOP", []), ("HELP", ["hi"]), ("START", ["hi"])])
def test_stop_clears_what_waits_and_the_others_only_themselves(word: str, texts: list[str]) -> None:
    """Before the opt-out, in the same batch, or while a turn is open."""
    batch, waiting, opened = StreamWorld(), StreamWorld(), StreamWorld()
    record = batch.store(1)
    batch.pass_time(0.1)
    batch.notify(record, batch.store(2, text=word, opt_out=word))
    batch.wake_all()
    assert batch.replies.texts == texts
    waiting.put_row(NotificationState(turn_ended_at=waiting.now))
    waiting.notify(waiting.store(1))
    waiting.pass_time(0.1)
    waiting.notify(waiting.store(2, text=word, opt_out=word))
    waiting.wake_all()
    assert waiting.replies.texts == texts
    open_turn(opened, 9)
    opened.pass_time(0.1)
    opened.notify(opened.store(10))
    opened.pass_time(0.1)
    opened.notify(opened.store(11, text=word, opt_out=word))
    opened.tables.put_reply(SENDER, opened.now)
    opened.wake_all()
    assert opened.replies.texts == texts


@pytest.mark.parametrize("word", ["STOP", "HELP", "START"])
def test_an_opt_out_during_an_open_turn_is_not_told_after_it(word: str) -> None:
    """Also where the index, which knows that it is one, lags."""
    for lag in (0.0, 10_000.0):
        world = StreamWorld()
        open_turn(world)
        world.tables.index_lag = lambda lag=lag: lag  # type: ignore[misc]
        world.pass_time(1)
        world.notify(world.store(2, text=word, opt_out=word))
        world.tables.put_reply(SENDER, world.now)
        world.pass_time(OUTCOME_KNOWN_SECONDS)
        world.wake_all()
        assert world.replies.notified == []
        assert lines_with(world, "notifications handled")[0]["OptedOut"] == 1


def test_a_message_after_stop_is_told_without_what_stood_before() -> None:
    world = StreamWorld()
    first = world.store(1, text="before")
    world.pass_time(0.1)
    stop = world.store(2, text="STOP", opt_out="STOP")
    world.pass_time(0.1)
    world.notify(first, stop, world.store(3, text=""))
    assert world.replies.texts == [""]


# Races, and answers that are lost


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
