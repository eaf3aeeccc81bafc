"""What a person does while `unc up` runs, all of it beside one that is up."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.up import Up
from tests.e2e.world import eventually
from tests.support.recording import RECORDING, words, words_of
from unc.local.samples import load_samples

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"))
    try:
        running.await_up()
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def test_samples_are_played_and_a_message_sent_is_stored_notified_and_replied(up: Up) -> None:
    """The newcomer's two steps, and the conversation that they end in."""
    played = up.printed()
    assert "You said: Hello, is anyone there?" in played
    assert "ignored" in played
    asked = ("--from", "whatsapp:+4915555550199", "--body", "hi", "--wait", "600", "--json")
    sent = up.run("send", *asked)
    assert sent.returncode == 0, sent.stderr
    [progress] = json.loads(sent.stdout)
    assert all(
        progress[f"{step}_after_seconds"] is not None for step in ("stored", "notified", "replied")
    )
    chat = up.run("chat", "4915555550199")
    assert "You said: hi" in chat.stdout
    eventually(lambda: "You said: hi" in up.printed(), "the live view shows the reply")
    # `make recording` is due when this fails.
    assert words_of(RECORDING.read_text()) <= words(up.printed()) | {"make", "unc"}


def test_samples_and_sent_messages_come_through_the_intake_unless_told_otherwise(up: Up) -> None:
    """The laptop plays the whole way: what the intake has queued, it has logged.

    The emulator may lose a line of a container that is starting.
    """
    assert "through the intake" in up.printed()
    through, past = (
        json.loads(up.run("send", "--body", "hi", "--wait", "600", "--json", *option).stdout)[0][
            "message_id"
        ]
        for option in ((), ("--queue",))
    )
    eventually(lambda: through in taken(up), "the intake's line is in the log")
    assert taken(up) & {message.message_id for message in load_samples()}
    assert past not in taken(up)


def taken(up: Up) -> set[str]:
    """The ids of the messages that the intake has queued."""
    lines = map(json.loads, up.run("logs", "--json").stdout.splitlines())
    return {each["message_id"] for each in lines if each["message"] == "webhook handled"}


def test_a_trial_webhook_is_followed_to_its_reply(up: Up) -> None:
    ran = up.run("webhook", "check", "--json")
    assert ran.returncode == 0, ran.stderr
    trial = json.loads(ran.stdout)
    assert trial["status"] == 200 and trial["replied_after_seconds"] is not None
    said = up.run("webhook", "check", "--body", "another").stdout
    assert f"{trial['url']} answered 200" in said
    assert f"at Twilio: {trial['url']}#rc=5&rp=all" in said


@pytest.mark.parametrize(
    ("body", "left_out", "code"),
    [
        ("From=whatsapp:%2B4915555550177&Body=hi", None, 0),
        ("From=whatsapp:%2B4915555550177&Body=hi&SmsSid=SM01", None, 0),
        ("MessageSid=SM02&Body=nobody+wrote+this", "not stored", 7),
    ],
    ids=["no Sid", "another Sid", "no sender"],
)
def test_a_body_is_followed_to_where_the_consumer_puts_it(
    body: str, left_out: str | None, code: int, up: Up, tmp_path: Path
) -> None:
    (tmp_path / "body.txt").write_text(body)
    sent = up.run("send", "--file", str(tmp_path / "body.txt"), "--json")
    [progress] = json.loads(sent.stdout)
    assert progress["left_out"] == left_out
    assert sent.returncode == code, sent.stderr
