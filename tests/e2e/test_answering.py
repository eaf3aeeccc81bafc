"""Who is answered: pauses of single senders, and a stop for everybody, on a running stack."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.world import World, eventually, new_sender, write
from tests.support.schemas import faults_in
from unc.answering.pause import pause_sender
from unc.answering.resume import resume_sender
from unc.answering.stop import (
    SEARCH_AFTER_SECONDS,
    read_answering,
    start_answering,
    stop_answering,
)
from unc.answering.uncovered import find_uncovered_since
from unc.aws.mappings import mappings_of, switch
from unc.deploy.deployment import Plan
from unc.deploy.package import build_package
from unc.deploy.rollout import roll_out
from unc.local.stack import running_stack
from unc.messages.message import Message
from unc.runner import run

pytestmark = pytest.mark.emulator

HOUR = 3600.0
IGNORED = str


@pytest.fixture(scope="module")
def own() -> Iterator[World]:
    """A stack of its own: a stop concerns everybody."""
    with running_stack() as stack:
        yield World(stack)


@pytest.fixture
def aimed(own: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The commands talk to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", own.stack.endpoint)
    return own


def now(world: World, message: Message) -> float:
    """The moment at which a message was stored: the stack's clock."""
    [chat] = world.tables.read_chats([(message.sender_id, message.message_id)])
    return float(chat["stored_at"])


def send(world: World, sender: str, text: str) -> Message:
    message = write(sender, text)
    world.send(message.body, message.sender_id)
    world.await_stored(message)
    return message


def posts(world: World, message: Message) -> list[str]:
    return [each.message for each in world.reply.posts if each.sender_id == message.sender_id]


def as_json(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    capsys.readouterr()
    assert run([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_paused_sender_is_stored_and_answered_once_after_the_resumption(
    aimed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """And somebody else is answered meanwhile."""
    sender = new_sender()
    first = send(aimed, sender, "before")
    aimed.await_notified(first)
    paused = as_json(capsys, "pause", sender, "--for", "2h")
    [session] = aimed.sessions(first.sender_id)
    assert session["user_limited_until"] == session["paused_until"] == paused["until"]
    assert faults_in("session", session) == []
    during = [send(aimed, sender, text) for text in ("one", "two")]
    other = send(aimed, new_sender(), "other")
    aimed.await_notified(other)
    aimed.await_quiet()
    assert posts(aimed, first) == ["before"]
    trace = as_json(capsys, "trace", during[1].message_id)
    assert trace["state"]["name"] == "paused"
    assert trace["state"]["command"] == f"unc resume {during[1].message_id}"
    resumed = as_json(capsys, "resume", during[0].message_id)
    assert resumed["message_id"] == during[1].message_id
    aimed.await_notified(*during)
    assert as_json(capsys, "resume", sender)["lifted"] == []
    aimed.await_quiet()
    assert posts(aimed, first) == ["before", "two"]
    [session] = aimed.sessions(first.sender_id)
    assert not {"user_limited_until", "paused_until", "paused_at"} & session.keys()


def test_a_limit_that_is_null_is_replaced_and_restored(own: World) -> None:
    """The reply service may write NULL; a condition on it has to hold."""
    message = send(own, new_sender(), "hi")
    [session] = own.sessions(message.sender_id)
    own.stack.aws.dynamodb.update_item(
        TableName=own.resources.session_table,
        Key={"session_id": {"S": session["session_id"]}},
        UpdateExpression="SET user_limited_until = :null",
        ExpressionAttributeValues={":null": {"NULL": True}},
    )
    moment = now(own, message)
    assert pause_sender(own.tables, message.sender_id, HOUR, moment).is_written
    assert resume_sender(own.tables, message.sender_id, moment).lifted == [session["session_id"]]


def test_while_answering_is_stopped_messages_are_stored_and_then_answered_once_each(
    aimed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert as_json(capsys, "answering", "show")["state"] == "on"
    stopped = as_json(capsys, "answering", "stop")
    assert stopped["state"] == "stopped"
    assert as_json(capsys, "answering", "stop")["stopped_at"] == stopped["stopped_at"]
    messages = [send(aimed, new_sender(), "one") for _ in range(3)]
    newer = [send(aimed, f"whatsapp:+{each.sender_id}", "two") for each in messages]
    assert run(["status"]) == 0
    assert "answering: stopped since" in capsys.readouterr().out
    assert [posts(aimed, each) for each in messages] == [[], [], []]
    started = as_json(capsys, "answering", "start")
    assert started == {"was_stopped": True, "was_searched": False, "queued": 0}
    aimed.await_notified(*newer)
    aimed.await_quiet()
    assert [posts(aimed, each) for each in messages] == [["two"]] * 3
    assert as_json(capsys, "answering", "show")["state"] == "on"
    assert as_json(capsys, "answering", "start")["was_stopped"] is False


def test_after_a_long_stop_everybody_who_waits_is_found_by_the_index_and_answered_once(
    own: World,
) -> None:
    """The emulator's stream has forgotten nothing, so each comes twice, and is one POST."""
    answered = send(own, new_sender(), "answered")
    own.await_notified(answered)
    moment = now(own, answered)
    stop_answering(own.tables, moment, IGNORED)
    first = [send(own, new_sender(), "first") for _ in range(3)]
    newest = [send(own, f"whatsapp:+{each.sender_id}", "newest") for each in first]
    found = find_uncovered_since(own.tables, moment - 1)
    assert {each.message_id for each in found} >= {each.message_id for each in newest}
    assert answered.sender_id not in {each.sender_id for each in found}
    started = start_answering(own.tables, moment + SEARCH_AFTER_SECONDS + 1, IGNORED)
    assert started.was_searched
    own.await_notified(*newest)
    own.await_quiet()
    assert [posts(own, each) for each in newest] == [["newest"]] * 3
    assert posts(own, answered) == ["answered"]


def test_what_a_deployment_switches_on_is_switched_off_again(own: World) -> None:
    """Until somebody starts answering again."""
    message = send(own, new_sender(), "hi")
    own.await_notified(message)
    moment = now(own, message)
    stop_answering(own.tables, moment, IGNORED)
    mappings = mappings_of(own.stack.aws, own.resources.dynamo_function)
    switch(own.stack.aws, mappings[:1], on=True)
    assert read_answering(own.tables).state == "unfinished"
    roll_out(own.stack.aws, Plan(build_package(), {}), None, IGNORED, IGNORED)
    assert read_answering(own.tables).state == "stopped"
    start_answering(own.tables, moment, IGNORED)
    eventually(lambda: read_answering(own.tables).state == "on", "answering is on")
    roll_out(own.stack.aws, Plan(build_package(), {}), None, IGNORED, IGNORED)
    assert read_answering(own.tables).state == "on"
