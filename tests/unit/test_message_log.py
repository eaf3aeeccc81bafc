"""Each message leaves one line a stage, with its id and what became of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from consumer.conversation.queue_record import read_record
from consumer.notification.step import Outcome
from handlers.queue_message_handler import handle_batch
from tests.support.builders import SENDER, numbered, retry_record, session
from tests.support.doubles import RULES, Context, QueueWorld, StreamWorld
from tests.support.memory.fault_schedule import Fault

FIRST, SECOND = (f"SM{number:032d}" for number in (1, 2))
COMMON = {"level", "service", "timestamp", "logger", "request_id", "sender"}


def lines_of(world: QueueWorld | StreamWorld, message_id: str) -> list[dict[str, Any]]:
    """The lines that name a message, in order, without what every line has."""
    entries = [json.loads(line) for line in world.log.lines]
    own = [entry for entry in entries if entry.get("message_id") == message_id]
    return [{key: each[key] for key in each if key not in COMMON} for each in own]


def events_of(world: QueueWorld | StreamWorld, message_id: str) -> list[str]:
    return [line["message"] for line in lines_of(world, message_id)]


def handle(world: QueueWorld, *records: object) -> None:
    handle_batch(map(read_record, records), Context(), world.dependencies)


def test_a_new_message_is_named_with_its_session_and_a_duplicate_as_one() -> None:
    world = QueueWorld()
    for _ in range(2):
        handle(world, numbered(1))
    [stored, again] = lines_of(world, FIRST)
    assert stored["message"] == "message stored"
    assert {stored["session_id"]} == world.session_ids()
    assert again["message"] == "message received again"


def test_a_message_that_came_twice_in_a_batch_is_new_once() -> None:
    world = QueueWorld()
    handle(world, numbered(1), numbered(1))
    assert events_of(world, FIRST) == ["message stored", "message received again"]


def test_a_message_that_cannot_be_stored_now_says_so() -> None:
    world = QueueWorld()
    world.fail("conversations")
    handle(world, numbered(1))
    assert events_of(world, FIRST) == ["message not stored, comes again"]


def test_a_quarantined_message_is_named_with_its_reason() -> None:
    world = QueueWorld()
    world.refuses = {FIRST}
    handle(world, numbered(1))
    [line] = lines_of(world, FIRST)
    assert (line["message"], line["record_id"]) == ("message quarantined", "record-1")
    assert line["reason"] == "the table refuses it: ValidationError"


def test_a_notified_message_and_one_that_is_covered_already() -> None:
    world = StreamWorld()
    record = world.store()
    for _ in range(2):
        world.notify(record)
    [notified, covered] = lines_of(world, FIRST)
    assert notified == {"message": "message notified", "message_id": FIRST, "attempt": 1}
    assert covered == {"message": "message covered", "message_id": FIRST}


def test_of_one_batch_the_older_message_names_the_newer_one_that_covers_it() -> None:
    world = StreamWorld()
    older = world.store(1)
    world.pass_time(0.5)
    world.notify(older, world.store(2))
    [covered] = lines_of(world, FIRST)
    assert (covered["message"], covered["newer_id"]) == ("message covered by a newer one", SECOND)
    assert events_of(world, SECOND) == ["message notified"]


def test_a_message_that_comes_during_a_turn_waits_for_its_own() -> None:
    world = StreamWorld()
    first = world.store(1)
    world.replies.on_post = lambda: world.notify(world.store(2)) if world.log.lines == [] else None
    world.notify(first)
    [waits] = lines_of(world, SECOND)
    assert waits["message"] == "message waits for its turn"
    assert waits["until"].startswith("20")


@pytest.mark.parametrize("limit", ["2099-01-01T00:00:00", "2026-11-18T11:07:41"])
def test_a_limited_message_says_until_when(limit: str) -> None:
    world = StreamWorld()
    world.tables.put_session(session(user_limited_until=limit), world.now)
    world.notify(world.store())
    [limited] = lines_of(world, FIRST)
    assert limited["message"] == "message limited"
    assert limited["until"] == f"{limit}.000+00:00"
    assert limited["reason"] is None


def test_a_limit_of_a_pause_is_named() -> None:
    world = StreamWorld()
    limit = "2099-01-01T00:00:00"
    world.tables.put_session(session(user_limited_until=limit, paused_until=limit), world.now)
    world.notify(world.store())
    [limited] = lines_of(world, FIRST)
    assert (limited["message"], limited["reason"]) == ("message limited", "paused")


@pytest.mark.parametrize("opt_out", ["STOP", "HELP"])
def test_an_opt_out_is_named(opt_out: str) -> None:
    world = StreamWorld()
    world.notify(world.store(opt_out=opt_out))
    assert events_of(world, FIRST) == ["message opted out"]


def test_a_message_that_was_deleted_is_named() -> None:
    world = StreamWorld()
    world.retry(retry_record(message_id=FIRST))
    assert events_of(world, FIRST) == ["message deleted before it was notified"]


def test_a_retry_says_which_attempt_it_will_be_and_when_and_why() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.replies.codes[SENDER] = "Http503"
    world.notify(world.store())
    [line] = lines_of(world, FIRST)
    assert line["message"] == "notification scheduled for retry"
    assert (line["attempt"], line["reason"]) == (2, "cannot deliver now: Http503")
    assert line["until"].startswith("20")


def test_a_dead_lettered_message_says_why() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.REJECTED
    world.notify(world.store())
    [line] = lines_of(world, FIRST)
    assert line["message"] == "notification dead-lettered"
    assert line["reason"] == "the reply service rejected it"


def test_an_unknown_outcome_says_when_it_is_looked_up() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(world.store())
    [line] = lines_of(world, FIRST)
    assert line["message"] == "reply outcome is looked up"
    assert line["until"].startswith("20")


def test_a_message_for_which_no_time_was_left_says_so() -> None:
    world = StreamWorld()
    world.notify(world.store(), seconds=1.0)
    [line] = lines_of(world, FIRST)
    assert (line["message"], line["reason"]) == ("notification scheduled for retry", "out of time")


def test_a_message_that_nobody_could_handle_says_that_it_comes_again() -> None:
    world = StreamWorld()
    record = world.store()
    world.fail("retry_queue", Fault.THROTTLED)
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    with pytest.raises(Exception, match="1 notification"):
        world.notify(record)
    assert events_of(world, FIRST) == ["notification not handled, comes again"]


def test_no_line_shows_a_whole_number_or_a_text() -> None:
    world = StreamWorld(replace(RULES, max_attempts=1))
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store(text="my words"))
    logged = "".join(world.log.lines)
    assert "my words" not in logged
    assert SENDER not in logged
