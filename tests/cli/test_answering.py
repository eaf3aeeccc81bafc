"""Stop and start answering: whoever is interrupted runs it again, and nobody is overlooked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from consumer.aws.attribute_values import to_item
from consumer.webhook.address import parse_address
from consumer.webhook.message import InboundMessage
from consumer.webhook.parse import parse_inbound
from tests.support.builders import body
from unc.answering.stop import (
    SEARCH_AFTER_SECONDS,
    STOP_KEY,
    Answering,
    Started,
    keep_stopped,
    read_answering,
    start_answering,
    stop_answering,
)
from unc.answering.uncovered import find_uncovered_since
from unc.aws.mappings import Mapping
from unc.errors import UncError

NOW = 1_795_000_000.0
LONG = NOW + SEARCH_AFTER_SECONDS + 1


class ConditionFailed(Exception):
    """What boto3 raises where a condition does not hold."""


class Stack:
    """The notifier's event sources, the note of a stop, and the chats, in memory.

    `dies_at`: the process dies at this step; see `steps` for their names.
    """

    def __init__(self, sources: tuple[str, ...] = ("stream", "retries")) -> None:
        self.states = dict.fromkeys(sources, "Enabled")
        self.note: dict[str, Any] = {}
        self.parameters = {"Paused": "false"}
        self.pages: list[list[dict[str, Any]]] | None = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.queued: list[str] = []
        self.steps: list[str] = []
        self.dies_at = ""
        self.on_step: Callable[[str], object] = lambda step: None
        exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailed)
        self.aws: Any = SimpleNamespace(
            endpoint="http://127.0.0.1",
            functions=self,
            cloudformation=self,
            sqs=self,
            dynamodb=SimpleNamespace(
                update_item=self._update,
                delete_item=self._delete,
                get_paginator=lambda name: SimpleNamespace(paginate=self._chats),
                exceptions=exceptions,
            ),
        )
        self.resources = SimpleNamespace(
            dynamo_function="notifier",
            notification_table="notifications",
            chat_table="chats",
            reply_retry_queue="retries",
        )

    def _step(self, name: str) -> None:
        self.on_step(name)
        if name == self.dies_at:
            self.dies_at = ""
            raise KeyboardInterrupt
        self.steps.append(name)

    # Lambda

    def get_paginator(self, name: str) -> Any:
        raws = [
            {"UUID": id, "EventSourceArn": id, "FunctionArn": "a:b:c:d:e:f:notifier", "State": at}
            for id, at in self.states.items()
        ]
        return SimpleNamespace(paginate=lambda **call: [{"EventSourceMappings": raws}])

    def get_event_source_mapping(self, UUID: str) -> dict[str, str]:  # noqa: N803 (boto3's)
        return {"State": self.states[UUID]}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:  # noqa: N803
        self._step(f"{UUID} {'on' if Enabled else 'off'}")
        self.states[UUID] = "Enabled" if Enabled else "Disabled"

    def describe_stacks(self, **call: Any) -> Any:
        listed = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in self.parameters.items()
        ]
        return {"Stacks": [{"Parameters": listed}]}

    # The note, the rows and the chats

    def query(self, table: str, **call: Any) -> list[dict[str, Any]]:
        return [self.note] if self.note else []

    def read_notifications(self, senders: Any) -> dict[str, dict[str, Any]]:
        return {each: self.rows[each] for each in senders if each in self.rows}

    def _update(self, **call: Any) -> None:
        values = call["ExpressionAttributeValues"]
        if "ConditionExpression" in call:
            self._require_token(values)
            self._step("starting")
            self.note["starting"] = True
            return
        self._step("noted")
        self.note = {
            "stopped_at": self.note.get("stopped_at", Decimal(values[":now"]["N"])),
            "token": values[":token"]["S"],
        }

    def _delete(self, **call: Any) -> None:
        self._require_token(call["ExpressionAttributeValues"])
        self._step("removed")
        self.note = {}

    def _require_token(self, values: dict[str, Any]) -> None:
        if self.note.get("token") != values[":token"]["S"]:
            raise ConditionFailed

    def _chats(self, **call: Any) -> Iterator[dict[str, Any]]:
        self._step("searched")
        if self.pages is None:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "Query")
        for page in self.pages:
            yield {"Items": [to_item(chat) for chat in page]}

    def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        self._step("queued")
        self.queued += [each["MessageBody"] for each in Entries]
        return {"Successful": [{"Id": each["Id"], "MessageId": each["Id"]} for each in Entries]}


@pytest.fixture
def stack() -> Stack:
    return Stack()


def stop(stack: Stack, now: float = NOW) -> Answering:
    return stop_answering(stack, now, str)  # type: ignore[arg-type]


def start(stack: Stack, now: float = NOW + 60) -> Started:
    return start_answering(stack, now, str)  # type: ignore[arg-type]


def state(stack: Stack) -> str:
    return read_answering(stack).state  # type: ignore[arg-type]


def chat(sender: str, number: int, stored_at: float, opt_out: str = "") -> dict[str, Any]:
    moment = Decimal(str(stored_at))
    found = {"sender_id": sender, "message_id": f"{sender}-{number}", "session_id": "s1"}
    found_at = {"created_at": moment, "stored_at": moment}
    return found | found_at | ({"metadata": {"opt_out_type": opt_out}} if opt_out else {})


def test_a_stop_is_noted_before_anything_is_switched_off(stack: Stack) -> None:
    """Else a stop that dies half-way would leave no moment to look back to."""
    found = stop(stack)
    assert (found.state, found.stopped_at) == ("stopped", NOW)
    assert stack.steps == ["noted", "stream off", "retries off"]


def test_a_second_stop_keeps_the_moment_of_the_first(stack: Stack) -> None:
    stop(stack)
    assert stop(stack, NOW + 500).stopped_at == NOW
    assert stack.steps[3:] == ["noted"]


def test_a_notifier_without_event_sources_cannot_be_stopped() -> None:
    with pytest.raises(UncError, match="no event sources"):
        stop(Stack(()))


@pytest.mark.parametrize("dies_at", ["stream off", "retries off"])
def test_a_stop_that_died_half_way_says_so_and_goes_on_when_run_again(
    stack: Stack, dies_at: str
) -> None:
    stack.dies_at = dies_at
    with pytest.raises(KeyboardInterrupt):
        stop(stack)
    assert state(stack) == "unfinished"
    assert stop(stack, NOW + 9).stopped_at == NOW
    assert state(stack) == "stopped"


def test_a_start_after_a_short_stop_leaves_it_to_the_stream(stack: Stack) -> None:
    stop(stack)
    assert start(stack) == Started(was_stopped=True)
    assert stack.steps[3:] == ["starting", "stream on", "retries on", "removed"]
    assert state(stack) == "on"


def test_a_start_without_a_stop_does_nothing(stack: Stack) -> None:
    """Also where the stack's event sources are disabled for another reason."""
    stack.states["stream"] = "Disabled"
    assert state(stack) == "disabled"
    assert start(stack) == Started(was_stopped=False)
    assert stack.steps == []


def test_a_stack_that_is_paused_as_a_whole_is_not_switched_on(stack: Stack) -> None:
    stop(stack)
    stack.parameters["Paused"] = "true"
    with pytest.raises(UncError, match="paused as a whole"):
        start(stack)
    assert state(stack) == "stopped"


def test_after_a_long_stop_everybody_s_newest_message_is_queued(stack: Stack) -> None:
    stop(stack)
    stack.pages = [[chat("a", 1, NOW + 1), chat("b", 1, NOW + 2)], [chat("a", 2, NOW + 3)]]
    assert start(stack, LONG) == Started(True, True, 2)
    assert sorted(each.split('"')[7] for each in stack.queued) == ["a-2", "b-1"]


@pytest.mark.parametrize(
    "dies_at", ["starting", "stream on", "retries on", "searched", "queued", "removed"]
)
def test_a_start_that_died_anywhere_goes_on_when_run_again(stack: Stack, dies_at: str) -> None:
    stop(stack)
    stack.pages = [[chat("a", 1, NOW + 1)]]
    stack.dies_at = dies_at
    with pytest.raises(KeyboardInterrupt):
        start(stack, LONG)
    assert state(stack) == ("stopped" if dies_at == "starting" else "unfinished")
    assert start(stack, LONG).was_searched
    assert state(stack) == "on"
    assert stack.queued


def test_without_the_index_a_start_ends_all_the_same(stack: Stack) -> None:
    stop(stack)
    stack.pages = None
    assert start(stack, LONG) == Started(True, False, 0)
    assert state(stack) == "on"


def test_a_stop_during_a_start_is_not_forgotten(stack: Stack) -> None:
    stop(stack)

    def stop_again(step: str) -> None:
        if step == "searched":
            stack.on_step = lambda step: None
            stop(stack, NOW + 50)

    stack.on_step = stop_again
    with pytest.raises(UncError, match="somebody else stops or starts"):
        start(stack, LONG)
    assert state(stack) == "stopped"


def test_a_deployment_leaves_answering_stopped(stack: Stack) -> None:
    stop(stack)
    stack.states["stream"] = "Enabled"
    keep_stopped(stack, str)  # type: ignore[arg-type]
    assert state(stack) == "stopped"


def test_a_deployment_does_not_undo_a_start_that_died(stack: Stack) -> None:
    stop(stack)
    stack.dies_at = "removed"
    with pytest.raises(KeyboardInterrupt):
        start(stack)
    keep_stopped(stack, str)  # type: ignore[arg-type]
    assert set(stack.states.values()) == {"Enabled"}


@pytest.mark.parametrize(
    ("pages", "row", "found"),
    [
        ([[chat("a", 1, 5)]], {"through": Decimal(5)}, []),
        ([[chat("a", 1, 5)]], {"through": Decimal(4)}, ["a-1"]),
        ([[chat("a", 1, 5), chat("a", 2, 6, "STOP")]], {}, []),
        ([[chat("a", 1, 5)], [chat("a", 2, 6, "STOP")]], {}, []),
        ([[chat("a", 1, 5)], [chat("a", 2, 6, "HELP")]], {}, ["a-1"]),
        ([[chat("a", 1, 5, "STOP")], [chat("a", 2, 6)]], {}, ["a-2"]),
        ([[chat("a", 2, 6)], [chat("a", 1, 5)]], {}, ["a-2"]),
        ([[]], {}, []),
    ],
)
def test_of_each_sender_the_newest_that_is_not_covered_waits(
    stack: Stack, pages: list[list[dict[str, Any]]], row: dict[str, Any], found: list[str]
) -> None:
    """Nobody waits who has opted out after it."""
    stack.pages, stack.rows = pages, {"a": row} if row else {}
    waiting = find_uncovered_since(stack, 1.0)  # type: ignore[arg-type]
    assert [each.message_id for each in waiting] == found


def mapping(state: str) -> Mapping:
    return Mapping("id", "stream", "notifier", state)


@pytest.mark.parametrize(
    ("stopped_at", "state", "is_starting", "words"),
    [
        (None, "Enabled", False, "on"),
        (None, "Disabled", False, "Paused=true?"),
        (NOW, "Disabled", False, "stopped since 2026-11-18T11:06:40+00:00; next: unc answering st"),
        (NOW, "Enabled", False, "unc answering stop did not end: run it again"),
        (NOW, "Disabled", True, "unc answering start did not end: run it again"),
    ],
)
def test_one_sentence_says_whether_anybody_is_answered(
    stopped_at: float | None, state: str, is_starting: bool, words: str
) -> None:
    found = Answering(stopped_at, [mapping(state)], is_starting=is_starting)
    assert words in found.sentence()
    assert found.as_json()["sources"] == {"stream": state}


@pytest.mark.parametrize(
    ("started", "words"),
    [
        (Started(False), "is not stopped; nothing was changed"),
        (Started(True), "the stream brings"),
        (Started(True, True, 7), "the newest messages of 7 people"),
    ],
)
def test_a_start_says_what_it_did(started: Started, words: str) -> None:
    assert words in started.sentence()


@pytest.mark.parametrize("prefix", ["", "+", "++", "whatsapp:", "whatsapp:+", "x:"])
def test_no_sender_has_the_row_of_a_stop(prefix: str) -> None:
    """Else a forged webhook could have the notifier write over the note."""
    parsed = parse_inbound(body(From=f"{prefix}{STOP_KEY}", WaId=""))
    assert not isinstance(parsed, InboundMessage) or parsed.sender_id != STOP_KEY
    assert parse_address(f"{prefix}{STOP_KEY}").id != STOP_KEY
