"""The way of a message, seen from outside, and how it is shown."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from unc.aws.logs import Line
from unc.messages.message import Message, read_message, write_message
from unc.messages.trace import State
from unc.messages.tracker import EMPTY_LOOKS, EXPLAINED, REPLY_LOOKS, MessageTracker
from unc.messages.tracker_view import (
    LEFT_OUT,
    NO_REPLY,
    ONE_AT_A_TIME,
    ROWS_SHOWN,
    WAITING,
    print_tracker,
    render_tracker,
)

ADDRESS = "whatsapp:+4915555550199"


class FakeQueues:
    """The queue and its dead-letter queue, of which only the depth is asked."""

    def __init__(self) -> None:
        self.waiting = 0
        self.dead = 0

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        count = self.dead if QueueUrl == "dead" else self.waiting
        return {"Attributes": {"ApproximateNumberOfMessages": str(count)}}


class FakeTables:
    """What the functions and the reply service have written so far."""

    def __init__(self) -> None:
        self.chats: dict[tuple[str, str], dict[str, Any]] = {}
        self.through: dict[str, Decimal] = {}
        self.replies: list[str] = []
        self.queue = FakeQueues()
        self.aws = SimpleNamespace(sqs=self.queue, endpoint="http://127.0.0.1:1")
        self.resources = SimpleNamespace(queue="url", dead_letter_queue="dead")

    def store(self, message: Message, stored_at: str) -> None:
        key = (message.sender_id, message.message_id)
        self.chats[key] = {
            "sender_id": key[0],
            "message_id": key[1],
            "session_id": f"s-{key[0]}",
            "stored_at": Decimal(stored_at),
        }

    def read_chats(self, keys: list[tuple[str, str]]) -> list[dict[str, Any]]:
        return [self.chats[key] for key in keys if key in self.chats]

    def read_notifications(self, senders: Any) -> dict[str, Any]:
        return {s: {"through": self.through[s]} for s in senders if s in self.through}

    def read_outbound_since(self, session_id: str, moment: Decimal) -> list[str]:
        return [one for one in self.replies if one == session_id]


@pytest.fixture
def tables() -> FakeTables:
    return FakeTables()


def tracker_of(tables: FakeTables, *messages: Message) -> MessageTracker:
    return MessageTracker(tables, messages)  # type: ignore[arg-type]


def test_a_message_is_stored_then_notified_then_replied(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = tracker_of(tables, message)
    tracked = tracker.messages[0]

    tracker.look()
    assert (tracked.stored, tracked.notified, tracked.replied) == (None, None, None)
    tables.store(message, "10.5")
    tracker.look()
    assert tracked.stored is not None
    assert tracked.notified is None
    tables.through[message.sender_id] = Decimal("10.5")
    tracker.look()
    assert tracked.notified is not None
    assert not tracker.is_over()
    tables.replies.append(f"s-{message.sender_id}")
    tracker.look()
    assert tracker.is_over()


def logged(message: Message, event: str, **fields: Any) -> Line:
    entry = {"message": event, "message_id": message.message_id, **fields}
    return Line("f", 1, "", json.dumps(entry))


def looked_at(tables: FakeTables, message: Message, *lines: Line, looks: int = 1) -> MessageTracker:
    """A tracker that has seen a message stored, and these lines of the log."""
    given = [list(lines)]
    tracker = MessageTracker(
        tables,  # type: ignore[arg-type]
        [message],
        read_log=lambda: given.pop() if given else [],
    )
    tables.store(message, "10.5")
    for _ in range(looks):
        tracker.look()
    return tracker


REJECTED = "the reply service rejected it: Http404"
LONG_AGO, FAR_AHEAD = "2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        ("notification dead-lettered", {"reason": REJECTED}, "✗ Http404"),
        ("notification scheduled for retry", {"reason": "unauthorized: Http401"}, "✗ Http401"),
        ("reply outcome unknown", {}, "? unknown"),
    ],
)
def test_what_failed_ends_the_wait_and_shows_how(
    event: str, fields: dict[str, str], words: str, tables: FakeTables
) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = looked_at(tables, message, logged(message, event, **fields))
    assert tracker.is_over()
    assert not tracker.is_well()
    assert words in shown(tracker)
    assert tracker.messages[0].as_json()["outcome"]["is_failure"]


def test_an_unknown_outcome_is_no_tick_even_where_it_counts_as_covered(tables: FakeTables) -> None:
    """With RESEND_UNKNOWN_OUTCOMES=never the row covers it at once."""
    message = write_message(ADDRESS, "hi")
    tables.through[message.sender_id] = Decimal("10.5")
    tracker = looked_at(tables, message, logged(message, "reply outcome unknown"), looks=2)
    assert shown(tracker).count("✓") == 2
    assert not tracker.is_well()


def test_a_reply_to_an_unknown_outcome_makes_it_well(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    line = logged(message, "reply outcome is looked up", until=FAR_AHEAD)
    tracker = looked_at(tables, message, line)
    assert not tracker.messages[0].waits_past(1.0)
    tables.replies.append(f"s-{message.sender_id}")
    tracker.look()
    assert tracker.is_well()
    assert "unknown" not in shown(tracker)


def test_an_opt_out_has_come_as_far_as_it_should(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "STOP")
    tracker = looked_at(tables, message, logged(message, "message opted out"))
    assert tracker.is_well()


def test_a_retry_that_succeeds_is_forgotten(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    failed = logged(message, "notification scheduled for retry", reason="cannot: Http503")
    tracker = looked_at(tables, message, failed)
    assert not tracker.is_over()
    assert "✗ Http503" in shown(tracker)
    again = looked_at(tables, message, failed, logged(message, "message notified"))
    assert "Http503" not in shown(again)


@pytest.mark.parametrize(("until", "is_vain"), [(LONG_AGO, False), (FAR_AHEAD, True)])
def test_nobody_waits_for_a_retry_that_comes_after_the_wait(
    until: str, is_vain: bool, tables: FakeTables
) -> None:
    message = write_message(ADDRESS, "hi")
    line = logged(message, "message limited", until=until)
    tracker = looked_at(tables, message, line)
    assert tracker.messages[0].waits_past(1_795_000_000.0) is is_vain


def test_following_ends_where_waiting_is_in_vain(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    line = logged(message, "message limited", until=FAR_AHEAD)
    tracker = MessageTracker(tables, [message], read_log=lambda: [line])  # type: ignore[arg-type]
    tables.store(message, "10.5")
    assert not tracker.follow(3600.0)


def test_many_messages_name_how_those_ended_that_failed(
    tables: FakeTables, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [write_message(ADDRESS, str(n)) for n in range(ROWS_SHOWN + 1)]
    lines = [logged(each, "notification dead-lettered", reason=REJECTED) for each in messages]
    tracker = MessageTracker(tables, messages, read_log=lambda: lines)  # type: ignore[arg-type]
    for message in messages:
        tables.store(message, "10.5")
    tracker.look()
    assert f"{ROWS_SHOWN + 1}  ✗ Http404  {REJECTED}" in printed(tracker, capsys)


def test_news_of_an_earlier_message_does_not_tell_a_later_one(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = tracker_of(tables, message)
    tables.store(message, "10.5")
    tables.through[message.sender_id] = Decimal("10.499")
    tracker.look()
    assert tracker.messages[0].notified is None


def test_a_body_sent_twice_is_known_before(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tables.store(message, "10.5")
    assert tracker_of(tables, message).is_over()


@pytest.mark.parametrize(
    ("body", "verdict"), [("MessageStatus=read", "ignored"), ("a=b", "not stored")]
)
def test_what_left_the_queue_and_is_no_chat(tables: FakeTables, body: str, verdict: str) -> None:
    tables.queue.dead = 4
    tracker = tracker_of(tables, read_message(body))
    tables.queue.dead += verdict == "not stored"
    for _ in range(EMPTY_LOOKS):
        assert not tracker.is_over()
        tracker.look()
    assert tracker.messages[0].left_out == verdict


def test_what_is_gone_from_the_queue_and_not_among_dead_letters_is_not_called_left_out(
    tables: FakeTables,
) -> None:
    """AWS counts late: the queue may look empty while it holds the message."""
    tables.queue.dead = 4
    tracker = tracker_of(tables, write_message(ADDRESS, "hi"))
    for _ in range(2 * EMPTY_LOOKS):
        tracker.look()
    assert not tracker.misses_any()
    assert tracker.waits_for_any()


def test_a_message_is_followed_by_the_id_that_the_queue_gave_it(tables: FakeTables) -> None:
    message = read_message("WaId=4915555550199&Body=hi")
    named = replace(message, message_id="sqs-1")
    tracker = tracker_of(tables, message)
    tracker.start([named])
    tables.store(named, "10.5")
    tracker.look()
    assert tracker.messages[0].stored is not None
    assert tracker.messages[0].as_json()["message_id"] == "sqs-1"


def test_one_look_at_an_empty_queue_proves_nothing(tables: FakeTables) -> None:
    tracker = tracker_of(tables, read_message("MessageStatus=read"))
    for waiting in (0, 1) * EMPTY_LOOKS:
        tables.queue.waiting = waiting
        tracker.look()
    assert not tracker.is_over()


def test_following_gives_up_at_its_limit(tables: FakeTables) -> None:
    tables.queue.waiting = 1
    looks: list[None] = []
    tracker = tracker_of(tables, write_message(ADDRESS, "hi"))
    assert not tracker.follow(0.0, lambda: looks.append(None))
    assert len(looks) == 1


def shown(tracker: MessageTracker) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(render_tracker(tracker))
    return console.export_text()


def test_few_messages_have_a_row_each(tables: FakeTables) -> None:
    first = write_message(ADDRESS, "hi \x1b[2J")
    tables.store(first, "10.5")
    text = shown(tracker_of(tables, first, read_message("MessageStatus=read", "receipt")))
    assert "stored before" in text
    assert "receipt" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [60, 120])
@pytest.mark.parametrize("address", [ADDRESS, f"whatsapp:US.{'A' * 128}"])
def test_every_stage_is_seen_however_long_the_sender(
    address: str, width: int, tables: FakeTables
) -> None:
    message = write_message(address, "a text that is longer than its column may be")
    tracker = tracker_of(tables, message)
    tables.store(message, "10.5")
    tracker.look()
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render_tracker(tracker))
    head, row = console.export_text().splitlines()
    assert head.split() == ["message", "from", "queued", "stored", "notified", "replied"]
    assert row.count("✓") == 2
    assert re.search(r"\d\.\d s", row)


def test_many_messages_are_summed_up(tables: FakeTables) -> None:
    messages = [write_message(ADDRESS, str(n)) for n in range(ROWS_SHOWN + 1)]
    tracker = tracker_of(tables, *messages)
    for message in messages[:5]:
        tables.store(message, "10.5")
    tracker.look()
    text = shown(tracker)
    assert f"{ROWS_SHOWN + 1}" in text
    assert "5 in" in text


def test_what_did_not_come_all_the_way_says_why_and_what_to_do(
    tables: FakeTables, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [write_message(ADDRESS, str(n)) for n in range(5)]
    tracker = tracker_of(tables, *messages)
    rejected = State("dead-lettered", "It was rejected, Http422.", "unc dlq redrive --id 1")
    asked: list[str] = []
    tracker.explain(lambda id: asked.append(id) or rejected)  # type: ignore[func-returns-value]
    assert asked == [each.message_id for each in messages[:EXPLAINED]]
    assert tracker.messages[0].as_json()["state"] == "dead-lettered"
    assert tracker.messages[-1].as_json()["state"] is None
    said = printed(tracker, capsys)
    assert said.count("It was rejected, Http422.") == EXPLAINED
    assert "next: unc dlq redrive --id 1" in said


def test_what_came_all_the_way_is_not_looked_into(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tables.store(message, "10.5")
    tracker = tracker_of(tables, message)  # it is stored before
    tracker.explain(lambda id: pytest.fail(f"{id} needs no look"))


def printed(tracker: MessageTracker, capsys: pytest.CaptureFixture[str]) -> str:
    print_tracker(tracker)
    return capsys.readouterr().out


def test_what_is_left_out_is_looked_for_among_dead_letters(
    tables: FakeTables, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = tracker_of(tables, write_message(ADDRESS, "hi"), read_message("MessageStatus=read"))
    tables.queue.dead = 1
    for _ in range(EMPTY_LOOKS):
        tracker.look()
    said = printed(tracker, capsys)
    assert LEFT_OUT in said
    assert WAITING not in said


def test_what_is_not_stored_in_time_is_still_on_the_way(
    tables: FakeTables, capsys: pytest.CaptureFixture[str]
) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = tracker_of(tables, message)
    tables.queue.waiting = 1
    tracker.look()
    said = printed(tracker, capsys)
    assert WAITING in said
    assert LEFT_OUT not in said
    assert ONE_AT_A_TIME in said
    tables.aws.endpoint = None
    assert ONE_AT_A_TIME not in printed(tracker, capsys)
    tables.store(message, "10.5")
    tracker.look()
    assert WAITING not in printed(tracker, capsys)


@pytest.mark.parametrize("may_be_silent", [True, False])
def test_where_replies_may_be_written_elsewhere_notified_is_the_end(
    may_be_silent: bool, tables: FakeTables, capsys: pytest.CaptureFixture[str]
) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = MessageTracker(tables, [message], may_be_silent)  # type: ignore[arg-type]
    tables.store(message, "10.5")
    tables.through[message.sender_id] = Decimal("10.5")
    for _ in range(REPLY_LOOKS):
        assert not tracker.is_over()
        tracker.look()
    assert tracker.is_over() is may_be_silent
    assert (NO_REPLY.format("http://127.0.0.1:1") in printed(tracker, capsys)) is may_be_silent


def test_a_reply_of_a_service_of_the_user_s_is_seen_where_it_writes_one(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = MessageTracker(tables, [message], may_be_silent=True)  # type: ignore[arg-type]
    tables.store(message, "10.5")
    tables.through[message.sender_id] = Decimal("10.5")
    tracker.look()
    tables.replies.append(f"s-{message.sender_id}")
    tracker.look()
    assert tracker.is_over()
    assert not tracker.lacks_replies()


def test_what_nobody_looked_for_is_neither_missed_nor_awaited(tables: FakeTables) -> None:
    tracker = tracker_of(tables, write_message(ADDRESS, "hi"))
    assert not tracker.misses_any()
    assert not tracker.waits_for_any()


def test_the_json_twin_says_how_far_it_came(tables: FakeTables) -> None:
    message = write_message(ADDRESS, "hi")
    tracker = tracker_of(tables, message)
    tables.store(message, "10.5")
    tracker.look()
    twin = tracker.messages[0].as_json()
    assert twin["session_id"] == "s-4915555550199"
    assert twin["stored_after_seconds"] is not None
    assert twin["notified_after_seconds"] is None
