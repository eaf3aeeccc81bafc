"""`unc trace` on the emulator: a message that was replied to, and a dead letter."""

import json
from typing import Any

import pytest

from tests.e2e.world import World, eventually, new_sender, write
from unc.runner import run

pytestmark = pytest.mark.emulator


def trace(world: World, capsys: pytest.CaptureFixture[str], wanted: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["trace", wanted, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def to_the_stack(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line talks to the stack."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.stack.endpoint)


def test_a_message_that_was_replied_to(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    message = write(new_sender(), "what became of it?")
    world.send(message.body)
    world.await_notified(message)
    events = {"queued", "stored", "post ended", "message notified", "reply written"}
    for wanted in (message.message_id, message.sender_id):
        eventually(
            lambda wanted=wanted: (
                events <= {each["what"] for each in trace(world, capsys, wanted)["events"]}
            ),
            "tables and log say all of it",
        )
        assert trace(world, capsys, wanted)["state"]["name"] == "replied"


def test_a_message_that_the_reply_service_rejected(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    message = write(new_sender(), "nobody wants it")
    world.reply.fail_with = 422
    try:
        world.send(message.body)
        eventually(
            lambda: trace(world, capsys, message.message_id)["state"]["name"] == "dead-lettered",
            "it is a dead letter",
        )
    finally:
        world.reply.fail_with = None
    found = trace(world, capsys, message.message_id)
    assert "the reply service rejected it: Http422" in found["state"]["sentence"]
    assert found["state"]["command"].startswith("unc dlq redrive --id ")
    eventually(
        lambda: any(
            "Http422" in each["detail"]
            for each in trace(world, capsys, message.message_id)["events"]
        ),
        "the log says the status",
    )
    world.take_dead_letters(world.resources.reply_dead_letter_queue)


def test_sending_a_message_that_is_rejected_says_so_and_what_to_do(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.reply.fail_with = 422
    try:
        code = run(["send", "--queue", "--from", new_sender(), "--wait", "600", "--json"])
    finally:
        world.reply.fail_with = None
    [sent] = json.loads(capsys.readouterr().out)
    assert (code, sent["state"]) == (7, "dead-lettered")
    assert sent["next"].startswith("unc dlq redrive --id ")
    world.take_dead_letters(world.resources.reply_dead_letter_queue)
