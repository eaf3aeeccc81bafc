"""Redrive: in order, to the original place, and whole however often it dies and is run again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.dead_letter_queue import SqsDeadLetterQueue
from consumer.conversation.queue_record import read_record
from tests.cli.dlq_fakes import (
    NOW_MS,
    Clock,
    Died,
    FakeBatchSender,
    FakeQueueClient,
    Mortal,
    record_of,
)
from unc.dlq.redrive import (
    MAX_LATE_LOCKED,
    Outcome,
    PresentAtStart,
    find_dead_letters,
    move,
    redrive_all,
)
from unc.dlq.routes import MessageRoute, ReplyRoute
from unc.dlq.visibility_lock import VisibilityLock
from unc.errors import BadInput

GROUPS = ("anna", "berta")


class Bench:
    """A dead-letter queue and the queue its dead letters go back to, on one clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.client = FakeQueueClient(clock=self.clock)
        self.batch_sender = FakeBatchSender(clock=self.clock)
        self.counts: list[int] = []

    def fill(self, count: int) -> list[str]:
        """Lay down dead letters of two groups in turn, long ago; gives their bodies."""
        for number in range(count):
            self.client.put(f"Body={number}", GROUPS[number % 2], NOW_MS - 3_600_000 + number)
        return self.client.bodies

    def redrive(self, mortal: Mortal | None = None, limit: int = 5_000) -> Outcome:
        client, batch_sender = mortal or self.client, mortal or self.batch_sender
        present = PresentAtStart(self.clock.now)
        with VisibilityLock(client, limit) as lock:
            return redrive_all(lock, MessageRoute(batch_sender), present, self.counts.append)

    def sent_to(self, group: str) -> list[str]:
        sent = [each for each in self.batch_sender.sent if each["MessageGroupId"] == group]
        return [each["MessageBody"] for each in sent]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_letters_go_back_to_their_group_in_order(bench: Bench) -> None:
    """A group longer than a page comes page by page, behind what was deleted."""
    bodies = bench.fill(57)
    assert bench.redrive() == Outcome(moved=57)
    assert bench.client.lying == []
    assert bench.sent_to("anna") == bodies[0::2]
    assert bench.sent_to("berta") == bodies[1::2]
    assert bench.counts[-1] == 57


def test_a_long_queue_is_never_held_whole(bench: Bench) -> None:
    """What is sent is deleted before more is taken."""
    bench.fill(500)
    bench.redrive()
    assert bench.client.most_hidden <= 10


def test_what_sqs_moved_by_itself_takes_the_place_of_its_envelope(bench: Bench) -> None:
    """It has no attributes; its own time, number and id become the original ones."""
    dead_letter = bench.client.put("Body=x", "anna", 1_794_000_000_123)
    bench.redrive()
    record = read_record(record_of(bench.batch_sender.sent[0], number=99))
    assert record.created_at == Decimal("1794000000.12300000000000000000001")
    assert record.original_id == dead_letter.id
    assert record.group_id == "anna"


def test_what_the_function_quarantined_takes_its_first_place(bench: Bench) -> None:
    """Quarantined, redriven, quarantined anew and redriven again: one place, one identity."""
    first = read_record(record_of({"MessageBody": "Body=x", "MessageGroupId": "anna"}, 1_000, 7))
    record = first
    for round_number in range(3):
        bench.client.put(**quarantined(record), sent_ms=NOW_MS - 100_000 + round_number)
        bench.redrive()
        record = read_record(record_of(bench.batch_sender.sent[-1], NOW_MS, 1_000 + round_number))
        assert record.created_at == first.created_at
        assert record.original_id == first.id
        assert record.group_id == "anna"
    assert len(bench.batch_sender.sent) == 3


def quarantined(record: Any) -> dict[str, Any]:
    """What the function's own adapter sends to the dead-letter queue."""

    class Sender:
        entries: dict[str, Any]

        def send_in_order(self, url: str, entries: dict[str, Any]) -> set[str]:
            self.entries = entries
            return set(entries)

    sender = Sender()
    SqsDeadLetterQueue(sender, "url").quarantine([RejectedRecord(record, "no sender")])  # type: ignore[arg-type]
    [entry] = sender.entries.values()
    attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    return {"body": entry["MessageBody"], "group": entry["MessageGroupId"], **attributes}


def test_reason_and_receive_count_stay_behind_and_the_producer_s_attributes_travel(
    bench: Bench,
) -> None:
    """SQS allows ten attributes; the place comes first."""
    others = {f"X{number}": "1" for number in range(8)}
    bench.client.put("Body=x", "anna", 0, Reason="why", ReceiveCount="3", **others)
    bench.redrive()
    names = list(bench.batch_sender.sent[0]["MessageAttributes"])
    assert names[:4] == [
        "OriginalMessageId",
        "OriginalSentTimestamp",
        "OriginalSequenceNumber",
        "OriginalMessageGroupId",
    ]
    assert names[4:] == [f"X{number}" for number in range(6)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 12))
def test_a_run_that_dies_anywhere_and_is_run_again_loses_and_doubles_nothing(
    bench: Bench, at: int, after: bool
) -> None:
    """Death at any call, with no clean-up; dead letters show again by themselves."""
    bodies = bench.fill(23)
    with pytest.raises(Died):
        bench.redrive(Mortal(bench.client, bench.batch_sender, at, after))
    everywhere = set(bench.client.bodies) | set(bench.batch_sender.bodies)
    assert everywhere == set(bodies)
    bench.clock.pass_seconds(31)
    bench.redrive()
    assert bench.client.lying == []
    assert sorted(bench.batch_sender.bodies) == sorted(bodies)
    assert bench.sent_to("anna") == bodies[0::2]
    assert bench.sent_to("berta") == bodies[1::2]


def test_the_deaths_above_are_all_there_are(bench: Bench) -> None:
    """Receive, send and delete for each of three pages, one empty receive, one release."""
    bench.fill(23)
    mortal = Mortal(bench.client, bench.batch_sender, at=999, after=False)
    bench.redrive(mortal)
    assert mortal.calls == 3 * 3 + 1 + 1


def test_a_run_repeated_after_the_deduplication_window_repeats_the_same_identity(
    bench: Bench,
) -> None:
    """The queue takes the second copy; the consumer knows it by its first id."""
    bench.fill(1)
    with pytest.raises(Died):
        bench.redrive(Mortal(bench.client, bench.batch_sender, at=2, after=True))
    bench.clock.pass_seconds(400)
    bench.redrive()
    first, second = (read_record(record_of(entry)) for entry in bench.batch_sender.sent)
    assert (first.original_id, first.created_at) == (second.original_id, second.created_at)


def test_an_error_gives_back_what_was_in_hand(bench: Bench) -> None:
    """The queue is gone; nobody has to wait for the dead letters to show again."""
    bench.fill(5)

    def refuse(entry: dict[str, Any]) -> str:
        raise ConnectionError

    bench.batch_sender.refuses = refuse
    with pytest.raises(ConnectionError):
        bench.redrive()
    assert len(bench.client.lying) == 5
    assert bench.client.hidden == []


@pytest.mark.parametrize("seconds", [0, 1, 2])
def test_a_letter_that_comes_back_at_once_is_not_sent_again(bench: Bench, seconds: float) -> None:
    """Still malformed: the consumer puts it back while the run goes on."""
    bench.fill(25)

    def put_back(entry: dict[str, Any]) -> None:
        bench.clock.pass_seconds(seconds)
        original = entry["MessageAttributes"]["OriginalMessageId"]["StringValue"]
        group = entry["MessageGroupId"]
        bench.client.put(entry["MessageBody"], group, OriginalMessageId=original)

    bench.batch_sender.after_send = put_back
    outcome = bench.redrive()
    assert outcome.moved == 25
    assert outcome.late > 0
    assert len(bench.batch_sender.sent) == 25
    assert len(bench.client.lying) == 25
    assert bench.client.hidden == []


def test_a_letter_that_came_back_gets_through_when_it_is_redriven_again(bench: Bench) -> None:
    """Within the deduplication window too: its second stay has an id of its own."""
    first = bench.client.put("Body=x", "anna", NOW_MS - 60_000)
    bench.redrive()
    bench.clock.pass_seconds(10)
    bench.client.put("Body=x", "anna", OriginalMessageId=first.id)
    bench.clock.pass_seconds(10)
    assert bench.redrive().moved == 1
    assert bench.batch_sender.dropped == 0
    assert len(bench.batch_sender.sent) == 2


def test_letters_that_came_after_the_start_are_left(bench: Bench) -> None:
    """A dead letter of another group is taken all the same."""
    bench.client.put("Body=new", "anna", NOW_MS + 60_000)
    bench.client.put("Body=old", "berta", NOW_MS - 60_000)
    assert bench.redrive() == Outcome(moved=1, late=1)
    assert bench.client.bodies == ["Body=new"]


def test_a_run_stops_when_too_much_comes_back(bench: Bench) -> None:
    """Retry records of a service that is still down: no use going on."""
    for number in range(MAX_LATE_LOCKED + 50):
        bench.client.put(f"Body={number}", "", NOW_MS + 60_000)
    outcome = bench.redrive(limit=MAX_LATE_LOCKED)
    assert outcome.stopped_early
    assert bench.client.hidden == []


def test_a_refused_letter_stays_with_the_reason(bench: Bench) -> None:
    """The others of its page go."""
    bench.fill(4)
    bench.batch_sender.refuses = lambda entry: (
        "too long" if entry["MessageBody"] == "Body=1" else ""
    )
    outcome = bench.redrive()
    assert outcome.moved == 3
    assert list(outcome.stayed.values()) == ["too long"]
    assert bench.client.bodies == ["Body=1"]


def test_a_letter_whose_time_ran_out_stays_and_says_so(bench: Bench) -> None:
    """Sent, but no longer ours to delete: the next run finds it, and the queue drops the copy."""
    bench.fill(1)
    bench.batch_sender.after_send = lambda entry: bench.clock.pass_seconds(31)
    with VisibilityLock(bench.client) as lock:
        dead_letters = list(lock.dead_letters())
        outcome = move(lock, MessageRoute(bench.batch_sender), dead_letters)
    assert list(outcome.stayed.values()) == ["sent, but still here: run it again"]
    bench.batch_sender.after_send = lambda entry: None
    assert bench.redrive().moved == 1
    assert bench.batch_sender.dropped == 1


def test_one_letter_is_taken_out_of_the_middle_of_its_group(bench: Bench) -> None:
    """The others stay, in order and in sight."""
    bodies = bench.fill(10)
    with VisibilityLock(bench.client) as lock:
        found = find_dead_letters(lock, ["letter-000005"])
        assert move(lock, MessageRoute(bench.batch_sender), found) == Outcome(moved=1)
    assert bench.batch_sender.bodies == [bodies[4]]
    assert bench.client.bodies == bodies[:4] + bodies[5:]
    assert bench.client.hidden == []


def test_several_letters_named_go_in_queue_order(bench: Bench) -> None:
    """Whatever order they were named in."""
    bodies = bench.fill(10)
    with VisibilityLock(bench.client) as lock:
        found = find_dead_letters(lock, ["letter-000009", "letter-000003"])
        move(lock, MessageRoute(bench.batch_sender), found)
    assert bench.batch_sender.bodies == [bodies[2], bodies[8]]


def test_the_beginning_of_an_id_must_fit_one_letter_only(bench: Bench) -> None:
    """Nothing is moved, and everything shows again."""
    bench.fill(10)
    with pytest.raises(BadInput, match="several"), VisibilityLock(bench.client) as lock:
        find_dead_letters(lock, ["letter-"])
    assert bench.client.hidden == []


def test_a_letter_behind_ten_of_its_group_is_not_to_be_seen(bench: Bench) -> None:
    """SQS shows no more of a group while some of it are out of sight."""
    for number in range(12):
        bench.client.put(f"Body={number}", "anna", 0)
    with VisibilityLock(bench.client) as lock:
        assert find_dead_letters(lock, ["letter-000011"]) == []


def test_a_retry_record_goes_back_as_it_is() -> None:
    """Its attempt is the next one already; reasons stay behind."""
    client, batch_sender = FakeQueueClient(queue="replies"), FakeBatchSender()
    dead_letter = client.put(
        '{"sender_id":"4915","attempt":13}', Reason="given up after 12 attempts"
    )
    assert ReplyRoute(batch_sender).send([dead_letter]) == {}
    assert batch_sender.sent == [{"MessageBody": dead_letter.body}]
    assert ReplyRoute(batch_sender).preview(dead_letter) == "attempt 13 at notifying"
