"""What became of a message: events in time order, and one sentence at the end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from unc.aws.logs import Line
from unc.commands.trace import render_trace
from unc.dlq.dead_letter import read_dead_letter
from unc.messages.message import write_message
from unc.messages.trace import build_trace
from unc.messages.trace_facts import Facts, names_any, pattern_of

SENDER = "4915555550199"
SID = f"SM{1:032d}"
QUEUED, STORED, NOW = 1_795_000_000.25, Decimal("1795000000.75"), 1_795_000_100.0


def facts(
    row: dict[str, Any] | None = None, events: tuple[dict[str, Any], ...] = (), **session: Any
) -> Facts:
    """A stored message, its sender's row, and what the log says of it."""
    chat = {
        "sender_id": SENDER,
        "message_id": SID,
        "session_id": "s1",
        "chat_type": "inbound",
        "created_at": Decimal(str(QUEUED)),
        "stored_at": STORED,
    }
    lines = [
        Line("unc-dynamo-lambda", int(1000 * QUEUED) + 1000 * n, "", json.dumps(each))
        for n, each in enumerate(events, 1)
    ]
    sessions = {"s1": {"session_id": "s1", **session}}
    return Facts([SID], SENDER, [chat], [], sessions, row or {}, [], lines)


def event(message: str, **fields: Any) -> dict[str, Any]:
    return {"message": message, "message_id": SID, **fields}


def reply(created_at: str) -> dict[str, Any]:
    return {"message_id": "r1", "session_id": "s1", "created_at": Decimal(created_at)}


def held(name: str, **more: Any) -> dict[str, Any]:
    """A row with a turn, or with something pending, for the message."""
    waiting = {"message_id": SID, "stored_at": STORED, "attempt": Decimal(1), **more}
    return {"through": Decimal(0), "wake_at": Decimal(1_795_000_130), name: waiting}


COVERED = {"through": STORED}
LATER, EARLIER = "2099-01-01T00:00:00", "2026-11-18T00:00:00"
PAUSED = {"user_limited_until": LATER, "paused_until": LATER}
PAUSE_ENDED = {"user_limited_until": EARLIER, "paused_until": EARLIER}


@pytest.mark.parametrize(
    ("known", "name", "words"),
    [
        (facts(), "stored", "has not handled it yet"),
        (facts(held("turn", claimed_at=1, open_until=NOW + 5)), "turn open", "is open until"),
        (
            facts(held("turn", claimed_at=1, open_until=NOW - 5)),
            "outcome being looked up",
            "outcome is unknown",
        ),
        (facts(held("pending")), "waiting for its turn", "waits for its turn, which comes at 2026"),
        (facts(held("pending", attempt=3)), "scheduled for retry", "attempt 3 follows at 2026"),
        (facts(user_limited_until="2099-01-01T00:00:00"), "limited", "is limited until 2099"),
        (facts(**PAUSED), "paused", "is paused until 2099-01-01T00:00:00+00:00"),
        (facts(held("pending"), **PAUSED), "paused", "is paused until 2099"),
        (facts(held("pending"), **PAUSE_ENDED), "waiting for its turn", "waits for its turn"),
        (facts(**PAUSE_ENDED), "paused", "was paused until 2026-11-18"),
        (facts(COVERED, **PAUSED), "covered", "is covered, and no reply"),
        (
            facts(**PAUSED | {"user_limited_until": "2098-01-01"}),
            "limited",
            "is limited until 2098",
        ),
        (facts(COVERED, (event("message opted out"),)), "opted out", "Twilio has answered"),
        (facts(COVERED, (event("message notified"),)), "told", "was told of it, and no reply"),
        (facts(COVERED), "covered", "is covered, and no reply"),
    ],
)
def test_one_sentence_says_where_a_message_stands(known: Facts, name: str, words: str) -> None:
    state = build_trace(known, NOW).state
    assert state.name == name
    assert words in state.sentence


def test_a_message_that_was_replied_to_needs_no_command() -> None:
    known = facts(COVERED)
    known.replies = [reply("1794999000"), reply("1795000004"), reply("1795000009")]
    state = build_trace(known, NOW).state
    assert (state.name, state.command) == ("replied", "")
    assert "4 s after it was queued" in state.sentence


def test_a_message_that_a_pause_holds_names_the_command_that_lifts_it() -> None:
    assert build_trace(facts(**PAUSED), NOW).state.command == f"unc resume {SID}"


def test_a_message_without_a_reply_names_the_command_that_notifies_again() -> None:
    assert build_trace(facts(COVERED), NOW).state.command == f"unc replay {SID}"


@pytest.mark.parametrize(
    ("queue", "words"), [("messages", "is not stored"), ("replies", "is stored, not notified")]
)
def test_a_dead_letter_is_named_with_its_reason_and_its_redrive(queue: str, words: str) -> None:
    body = write_message(f"whatsapp:+{SENDER}", "hi")
    record = json.dumps({"sender_id": SENDER, "message_id": body.message_id})
    raw: Any = {
        "MessageId": "letter-1",
        "Body": body.body if queue == "messages" else record,
        "Attributes": {"SentTimestamp": "1795000005000"},
        "MessageAttributes": {"Reason": {"StringValue": "it was refused", "DataType": "String"}},
    }
    found = build_trace(Facts([body.message_id], dead_letters=[read_dead_letter(queue, raw)]), NOW)
    assert found.state.name == "dead-lettered"
    assert words in found.state.sentence
    assert "it was refused" in found.state.sentence
    assert found.state.command == "unc dlq redrive --id letter-1"
    assert [each.what for each in found.events] == [f"in the dead-letter queue {queue}"]


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        (held("pending", attempt=2), "Http503", "The last POST ended as Http503 after 1.5 s: the"),
        (
            held("turn", claimed_at=1, open_until=NOW - 5),
            "NoAnswer:TimeoutError",
            "The last POST ended as NoAnswer:TimeoutError after 1.5 s: the",
        ),
    ],
)
def test_what_is_not_notified_says_how_its_last_post_ended(
    row: dict[str, Any], code: str, words: str
) -> None:
    posts = (event("post ended", reason="Http500"), event("post ended", reason=code, seconds=1.5))
    assert words in build_trace(facts(row, posts), NOW).state.sentence


def test_a_message_that_nobody_knows_says_what_that_can_mean() -> None:
    found = build_trace(Facts([SID]), NOW)
    assert (found.state.name, found.state.command) == ("unknown", "unc status")
    assert found.events == []


def test_events_of_tables_and_logs_stand_in_time_order() -> None:
    known = facts(
        COVERED,
        (
            event("message stored"),
            event("post ended", reason="Http200", seconds=1.5),
            event("message notified", attempt=1),
        ),
    )
    known.replies = [reply("1795000001")]
    found = build_trace(known, NOW)
    assert [each.what for each in found.events] == [
        "queued",
        "stored",
        "reply written",
        "post ended",
        "message notified",
    ]
    assert found.events[3].detail == "reason=Http200 seconds=1.5"


def test_a_trace_shows_times_and_what_lies_between_but_no_whole_number() -> None:
    found = build_trace(facts(COVERED, (event("message notified", attempt=1),)), NOW)
    lines = list(render_trace(found))
    assert any("+0.5 s" in line and "stored" in line for line in lines)
    assert lines[-1] == f"next: unc replay {SID}"
    assert SENDER not in "".join(lines)
    assert SENDER not in json.dumps(found.as_json(), default=str)


def test_a_log_that_was_read_in_part_says_so() -> None:
    known = facts()
    known.is_log_partial = True
    assert any("--hours" in line for line in render_trace(build_trace(known, NOW)))


@pytest.mark.parametrize(
    ("text", "is_named"), [(json.dumps({"message_id": SID}), True), ("START", False), ("[]", False)]
)
def test_only_lines_about_the_message_count(text: str, is_named: bool) -> None:
    """The emulator does not filter as CloudWatch does."""
    assert names_any(Line("f", 1, "", text), [SID]) == is_named


@pytest.mark.parametrize(
    ("ids", "pattern"),
    [(["SM1"], '"SM1"'), (["SM1", "SM2"], '{ ($.message_id = "SM1") || ($.message_id = "SM2") }')],
)
def test_cloudwatch_is_asked_for_the_lines_of_all_messages(ids: list[str], pattern: str) -> None:
    assert pattern_of(ids) == pattern
