"""What Twilio answers itself, such as STOP, is not notified."""

from dataclasses import replace

import pytest

from consumer.notification.state import NotificationState
from tests.support.builders import SENDER
from tests.support.doubles import RULES, StreamWorld, lines_with
from tests.support.turns import OUTCOME_KNOWN_SECONDS, open_turn


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
