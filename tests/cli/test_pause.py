"""A pause is a limit that is marked as ours; a resumption lifts it and nothing else."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

import pytest

from tests.support.answering import SENDER, AnsweringTables
from tests.support.schemas import faults_in
from unc.answering.duration import read_duration
from unc.answering.pause import NOT_HELD, Pause, pause_sender
from unc.answering.resume import Resumption, resume_sender
from unc.aws.tables import to_session
from unc.commands.pause import render_pause
from unc.commands.resume import render_resumption
from unc.errors import BadInput, UncError

NOW = 1_795_000_000.0  # 2026-11-18T11:06:40Z
HOUR = 3600
UNTIL_ONE, UNTIL_TWO = "2026-11-18T12:06:40.000000", "2026-11-18T13:06:40.000000"
OWN_SOON, OWN_LATE = "2026-11-18T11:30:00", "2026-11-19T11:30:00+00:00"
PAST = "2026-11-18T11:00:00"


@pytest.fixture
def tables() -> AnsweringTables:
    return AnsweringTables()


def pause(tables: AnsweringTables, hours: float = 1, now: float = NOW) -> Pause:
    return pause_sender(tables, SENDER, hours * HOUR, now)  # type: ignore[arg-type]


def resume(tables: AnsweringTables, now: float = NOW) -> Resumption:
    return resume_sender(tables, SENDER, now)  # type: ignore[arg-type]


# Pause


def test_a_pause_limits_the_session_and_says_that_the_limit_is_its_own(
    tables: AnsweringTables,
) -> None:
    row = tables.open(updated_at=Decimal(7))
    paused = pause(tables)
    assert (paused.session_id, paused.until, paused.is_written) == ("s1", UNTIL_ONE, True)
    assert row["user_limited_until"] == row["paused_until"] == UNTIL_ONE
    assert (row["paused_at"], row["updated_at"]) == (Decimal(int(NOW)), Decimal(7))
    assert "limited_before_pause" not in row
    assert to_session(row).is_paused
    assert faults_in("session", row | {"session_id": "5f0c9c3e-0000-4000-8000-000000000000"}) == []


def test_the_newest_session_is_paused(tables: AnsweringTables) -> None:
    old, new = tables.open("old", 100), tables.open("new", 200)
    assert pause(tables).session_id == "new"
    assert "paused_until" in new
    assert "paused_until" not in old


def test_a_sender_whose_newest_session_is_completed_cannot_be_paused(
    tables: AnsweringTables,
) -> None:
    tables.open("old", 100)
    tables.open("new", 200, status="completed")
    with pytest.raises(BadInput, match="no active session"):
        pause(tables)
    assert tables.updates == 0


def test_a_sender_without_a_session_is_named(tables: AnsweringTables) -> None:
    for act in (pause, resume):
        with pytest.raises(BadInput, match=f"{SENDER} has no session"):
            act(tables)


@pytest.mark.parametrize(("hours", "until"), [(2, UNTIL_TWO), (0.5, "2026-11-18T11:36:40.000000")])
def test_a_second_pause_sets_the_end_anew_and_says_what_it_was(
    tables: AnsweringTables, hours: float, until: str
) -> None:
    row = tables.open(user_limited_until=OWN_SOON)
    pause(tables)
    again = pause(tables, hours)
    assert (again.before, again.until, row["user_limited_until"]) == (UNTIL_ONE, until, until)
    assert row["limited_before_pause"] == OWN_SOON
    assert to_session(row).is_paused


def test_a_pause_that_has_ended_is_no_pause_before(tables: AnsweringTables) -> None:
    tables.open()
    pause(tables)
    assert pause(tables, now=NOW + 2 * HOUR).before is None


@pytest.mark.parametrize("own", [OWN_SOON, PAST, "soon", None])
def test_the_limit_that_a_pause_replaces_is_kept(tables: AnsweringTables, own: str | None) -> None:
    row = tables.open(user_limited_until=own)
    paused = pause(tables)
    assert paused.own_limit == (own if own == OWN_SOON else None)
    assert row.get("limited_before_pause") == own
    resume(tables)
    assert row.get("user_limited_until") == own


def test_a_longer_limit_of_the_reply_service_is_left_alone(tables: AnsweringTables) -> None:
    row = tables.open(user_limited_until=OWN_LATE)
    paused = pause(tables)
    assert (paused.is_written, paused.own_limit) == (False, OWN_LATE)
    assert row["user_limited_until"] == OWN_LATE
    assert "paused_until" not in row
    assert "Nothing was written." in list(render_pause(paused))


def test_a_longer_limit_behind_a_pause_ends_an_extension_that_would_be_shorter(
    tables: AnsweringTables,
) -> None:
    """The pause was written over a limit that it outlasted; the next one would not."""
    row = tables.open(user_limited_until=OWN_SOON)
    pause(tables, 2)
    assert not pause(tables, 0.1).is_written
    assert row["user_limited_until"] == UNTIL_TWO


def test_a_session_that_is_completed_meanwhile_is_not_paused(tables: AnsweringTables) -> None:
    row = tables.open()
    tables.before_update = lambda: row.update(status="completed")
    with pytest.raises(BadInput, match="no active session"):
        pause(tables)
    assert "paused_until" not in row


def test_a_limit_that_the_reply_service_sets_meanwhile_is_seen(tables: AnsweringTables) -> None:
    row = tables.open()
    tables.before_update = lambda: row.update(user_limited_until=OWN_SOON)
    assert pause(tables).own_limit == OWN_SOON
    assert row["limited_before_pause"] == OWN_SOON


def test_a_session_that_follows_meanwhile_is_paused_in_its_place(tables: AnsweringTables) -> None:
    first = tables.open()

    def follow() -> None:
        first["status"] = "completed"
        tables.open("s2", 200)

    tables.before_update = follow
    assert pause(tables).session_id == "s2"


def test_a_session_that_never_keeps_still_ends_in_one_line(tables: AnsweringTables) -> None:
    row = tables.open()

    def change() -> None:
        row["user_limited_until"] = str(tables.updates)
        tables.before_update = change

    tables.before_update = change
    with pytest.raises(UncError, match="keeps changing"):
        pause(tables)


def test_what_a_pause_does_not_hold_is_said(tables: AnsweringTables) -> None:
    tables.open()
    paused = pause(tables)
    said = "\n".join(render_pause(paused))
    assert f"is paused until {UNTIL_ONE} UTC" in said
    assert all(each in said for each in NOT_HELD)
    assert f"unc resume {SENDER}" in said
    assert paused.as_json()["not_held"] == list(NOT_HELD)


# Resume


def test_a_resumption_leaves_the_session_as_it_was_before_the_pause(
    tables: AnsweringTables,
) -> None:
    row = tables.open(user_limited_until=OWN_SOON, updated_at=Decimal(7))
    before = dict(row)
    pause(tables)
    resumed = resume(tables)
    assert row == before
    assert (resumed.lifted, resumed.own_limit) == (["s1"], OWN_SOON)


def test_without_a_limit_before_none_is_left(tables: AnsweringTables) -> None:
    row = tables.open()
    before = dict(row)
    pause(tables)
    assert resume(tables).own_limit is None
    assert row == before


def test_a_limit_that_the_reply_service_set_during_the_pause_stays(
    tables: AnsweringTables,
) -> None:
    row = tables.open()
    pause(tables)
    row["user_limited_until"] = OWN_LATE
    resumed = resume(tables)
    assert (row["user_limited_until"], resumed.own_limit) == (OWN_LATE, OWN_LATE)
    assert not {"paused_until", "paused_at", "limited_before_pause"} & set(row)


def test_a_limit_that_the_reply_service_sets_while_it_is_lifted_stays(
    tables: AnsweringTables,
) -> None:
    row = tables.open()
    pause(tables)
    tables.before_update = lambda: row.update(user_limited_until=OWN_LATE)
    resume(tables)
    assert row["user_limited_until"] == OWN_LATE
    assert "paused_until" not in row


def test_a_limit_of_the_reply_service_alone_is_not_lifted(tables: AnsweringTables) -> None:
    row = tables.open(user_limited_until=OWN_LATE)
    tables.store("SM1", "500")
    assert resume(tables) == Resumption(SENDER, [])
    assert (row["user_limited_until"], tables.queued, tables.updates) == (OWN_LATE, [], 0)


def test_the_newest_uncovered_message_is_queued_once_as_it_was_stored(
    tables: AnsweringTables,
) -> None:
    tables.open()
    tables.store("SM1", "500")
    tables.store("SM3", "700.5")
    tables.store("SM2", "600")
    tables.cover("500")
    pause(tables)
    assert resume(tables).message_id == "SM3"
    [record] = tables.queued
    assert (record["message_id"], record["stored_at"], record["attempt"]) == ("SM3", "700.5", 1)
    assert resume(tables) == Resumption(SENDER, [])
    assert len(tables.queued) == 1


def test_where_all_is_covered_nobody_is_told(tables: AnsweringTables) -> None:
    tables.open()
    tables.store("SM1", "500")
    tables.cover("500")
    pause(tables)
    resumed = resume(tables)
    assert (resumed.message_id, tables.queued) == ("", [])
    assert "No message waits." in list(render_resumption(resumed))


@pytest.mark.parametrize(
    ("opt_outs", "queued"), [({"SM2": "STOP"}, []), ({"SM2": "HELP"}, ["SM1"]), ({}, ["SM2"])]
)
def test_what_twilio_has_answered_is_not_told(
    tables: AnsweringTables, opt_outs: dict[str, str], queued: list[str]
) -> None:
    """After STOP nothing that came before it is told either."""
    tables.open()
    for number, id in enumerate(("SM1", "SM2")):
        metadata = {"opt_out_type": opt_outs[id]} if id in opt_outs else {}
        tables.store(id, str(500 + number), metadata=metadata)
    pause(tables)
    resume(tables)
    assert tables.queued_ids() == queued


def test_a_pause_that_has_ended_is_resumed_too(tables: AnsweringTables) -> None:
    """Its end alone has nobody told of what came early in it."""
    row = tables.open()
    tables.store("SM1", "500")
    pause(tables)
    assert resume(tables, NOW + 2 * HOUR).message_id == "SM1"
    assert "user_limited_until" not in row


def test_a_pause_on_a_session_that_another_has_followed_is_lifted(tables: AnsweringTables) -> None:
    old = tables.open()
    pause(tables)
    old["status"] = "completed"
    tables.open("s2", 200)
    assert resume(tables).lifted == ["s1"]
    assert "paused_until" not in old


@pytest.mark.parametrize("dies_at", [2, 3])
def test_whoever_dies_between_lifting_and_telling_runs_it_again(
    tables: AnsweringTables, dies_at: int
) -> None:
    """The mark is what is left of the pause; the record is the same, so nobody is told twice."""
    row = tables.open()
    tables.store("SM1", "500")
    pause(tables)
    tables.dies_at = dies_at
    with pytest.raises(KeyboardInterrupt):
        resume(tables)
    resumed = resume(tables)
    assert resumed.message_id == "SM1"
    assert set(tables.queued_ids()) == {"SM1"}
    assert not {"user_limited_until", "paused_until"} & set(row)


def test_a_pause_that_is_written_while_another_is_lifted_stands(tables: AnsweringTables) -> None:
    row = tables.open()
    tables.store("SM1", "500")
    pause(tables)

    def pause_again() -> None:
        tables.before_update = lambda: pause(tables, 2)

    tables.before_update = pause_again
    resume(tables)
    assert row["user_limited_until"] == row["paused_until"] == UNTIL_TWO


def test_a_resumption_says_what_it_did(tables: AnsweringTables) -> None:
    done = Resumption(SENDER, ["s1"], "SM1", OWN_LATE)
    said = "\n".join(render_resumption(done))
    assert "no longer paused" in said
    assert f"until {OWN_LATE} UTC; that stays" in said
    assert "unc trace SM1" in said
    assert "is not paused" in "\n".join(render_resumption(Resumption(SENDER, [])))
    assert done.as_json() == asdict(done)


# Durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86_400),
        ("1h30m", 5400),
        (" 1H 30 m ", 5400),
        ("45s", 45),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert read_duration("--for", text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2w", "1.5h", "two hours", "2h!", "٢h"])
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(BadInput, match="--for is no duration") as caught:
        read_duration("--for", text)
    assert "2h" in caught.value.hint


@pytest.mark.parametrize("text", ["0m", "367d", "999999d"])
def test_a_duration_of_nothing_or_of_years_is_named(text: str) -> None:
    with pytest.raises(BadInput, match=f"--for is {text}"):
        read_duration("--for", text)
