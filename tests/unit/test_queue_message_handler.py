"""Batches in, failed records out: the queue half with everything in memory."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.aws.dynamodb import DynamoDb
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.queue_record import read_record
from handlers.queue_message_handler import handle_batch
from tests.support.builders import SENDER, body, numbered, raw_record, sample
from tests.support.doubles import NOW, Context, QueueWorld, lines_with
from tests.support.memory.fault_schedule import Fault
from tests.support.scripted_aws import ScriptedAws, refused, throttled


def handle(world: QueueWorld, *records: object, seconds: float = 30.0) -> list[str]:
    return handle_batch(map(read_record, records), Context(seconds), world.dependencies)


def reasons(world: QueueWorld) -> dict[str, str]:
    letters = world.services.dead_letters.messages.values()
    return {each.attributes["OriginalMessageId"]: each.attributes["Reason"] for each in letters}


def received_often(number: int) -> dict[str, Any]:
    record = numbered(number)
    record["attributes"]["ApproximateReceiveCount"] = "999"
    return record


def test_a_batch_is_stored_acknowledged_and_quarantined_each_as_it_is() -> None:
    world = QueueWorld()
    callback, poison = numbered(2, sample("status_callback")), numbered(3, "no form")
    assert handle(world, numbered(1), callback, poison, numbered(4)) == []
    assert [key.message_id[-1] for key in world.tables.chats] == ["1", "4"]
    assert list(reasons(world)) == ["record-3"]
    assert len(world.tables.sessions) == 1


def test_the_same_batch_again_changes_nothing() -> None:
    world = QueueWorld()
    for _ in range(2):
        assert handle(world, numbered(1), numbered(2)) == []
    [first, second] = lines_with(world, "batch handled")
    assert (first["Stored"], first["SessionsOpened"]) == (2, 1)
    assert second["Duplicates"] == 2
    assert not second.keys() & {"Stored", "SessionsOpened"}


def test_while_the_table_is_down_everything_comes_again() -> None:
    world = QueueWorld()
    world.fail("conversations")
    assert handle(world, numbered(1), numbered(2)) == ["record-1", "record-2"]
    assert world.services.now() > NOW
    assert reasons(world) == {}


DENIED = refused("AccessDeniedException")


@pytest.mark.parametrize(
    ("script", "calls", "problems"),
    [
        ([DENIED, DENIED, {}], 3, ["Query:AccessDeniedException"]),
        ([{}, {}, DENIED], 3, ["BatchGetItem:AccessDeniedException"]),
        ([DENIED, DENIED, DENIED], 3, ["BatchGetItem:AccessDenied", "Query:AccessDenied"]),
        ([{}, {}, {}, DENIED], 4, ["write:AccessDeniedException"]),
        ([{}, {}, {}, refused("ResourceNotFoundException")], 4, ["write:ResourceNotFound"]),
        ([{}, {}, {}, throttled(), DENIED], 5, ["write:AccessDenied", "write:Throttling"]),
    ],
)
def test_what_the_table_rejects_comes_again_and_is_not_repeated(
    script: list[Any], calls: int, problems: list[str]
) -> None:
    world, aws = QueueWorld(), ScriptedAws(*script)
    store = DynamoConversationStore(DynamoDb(aws), "chats", "sessions")
    dependencies = replace(world.dependencies, conversations=store)
    records = [read_record(each) for each in (numbered(1), numbered(2, WaId="1"))]
    assert handle_batch(records, Context(), dependencies) == ["record-1", "record-2"]
    assert len(aws.calls) == calls
    [logged] = lines_with(world, "batch had problems")
    assert [a.startswith(b) for a, b in zip(logged["problems"], problems, strict=True)]


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST, Fault.BROKEN, Fault.DENIED])
def test_however_often_a_message_was_received_an_outage_dead_letters_nothing(
    fault: Fault,
) -> None:
    world = QueueWorld()
    world.fail("conversations", fault)
    assert handle(world, received_often(1), numbered(2)) == ["record-1", "record-2"]
    assert reasons(world) == {}


def test_a_table_that_hangs_leaves_time_to_quarantine() -> None:
    world = QueueWorld()
    world.fail("conversations", Fault.LOST)
    assert handle(world, numbered(1, "no form"), numbered(2)) == ["record-2"]
    assert list(reasons(world)) == ["record-1"]


def test_a_conflict_of_one_message_comes_again_and_passes() -> None:
    world, aws = QueueWorld(), ScriptedAws({}, {}, {}, refused("TransactionConflictException"), {})
    store = DynamoConversationStore(DynamoDb(aws), "chats", "sessions")
    dependencies = replace(world.dependencies, conversations=store)
    assert handle_batch([read_record(received_often(1))], Context(), dependencies) == []
    assert reasons(world) == {}


def test_a_message_that_the_table_refuses_is_quarantined_and_the_others_stored() -> None:
    world = QueueWorld()
    world.refuses = {f"SM{2:032d}"}
    assert handle(world, numbered(1), numbered(2), numbered(3), numbered(4, WaId="1")) == []
    assert reasons(world) == {"record-2": "the table refuses it: ValidationError"}
    assert len(world.tables.chats) == 3


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST])
def test_a_dead_letter_queue_that_is_down_keeps_no_message_from_being_stored(fault: Fault) -> None:
    world = QueueWorld()
    world.fail("dead_letters", fault)
    assert handle(world, numbered(1, "no form"), numbered(2)) == ["record-1"]
    assert len(world.tables.chats) == 1


def test_an_invocation_without_time_reports_everything() -> None:
    world = QueueWorld()
    assert handle(world, numbered(1), numbered(2), seconds=1.0) == ["record-1", "record-2"]
    assert world.calls == 0


def test_a_record_without_an_id_makes_the_whole_batch_come_again() -> None:
    world = QueueWorld()
    assert handle(world, raw_record(messageId=""), numbered(1)) == [""]


def test_warnings_name_the_part_and_the_message_but_no_word_of_it() -> None:
    world = QueueWorld()
    handle(world, raw_record(body(Body="my words", Forwarded="maybe")))
    [warned] = lines_with(world, "part of a message dropped")
    assert warned["warning"] == "Forwarded is neither true nor false"
    logged = "".join(world.log.lines)
    assert "words" not in logged
    assert SENDER not in logged


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
names = ["messageId", "body", "attributes", "messageAttributes", "SequenceNumber", "eventSource"]
records_like = st.dictionaries(st.sampled_from(names), json_like) | json_like


@given(st.lists(records_like, max_size=10))
def test_arbitrary_records_never_raise(records: list[Any]) -> None:
    world = QueueWorld()
    failed = handle(world, *records)
    assert set(failed) <= {""}
    json.dumps(failed)
