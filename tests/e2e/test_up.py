"""`unc up` as a person runs it: it comes up, shows conversations, and leaves nothing behind."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.checkout import Checkout, complaints
from tests.e2e.world import eventually
from tests.support.recording import RECORDING, words, words_of
from unc.aws.session import local_aws
from unc.local.reply_stand_in import running_stand_in
from unc.local.samples import load_samples

pytestmark = pytest.mark.emulator

UNC = Path(sys.executable).with_name("unc")


class SilentWriter:
    """A reply service that keeps its replies elsewhere."""

    def write_reply(self, sender_id: str, message: str) -> None:
        """Write nothing."""


class Up:
    """A running `unc up` with a port and a place for its notes of its own."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        port: int | None = None,
        secret: Mapping[str, str] | None = None,
        unc: Path = UNC,
    ) -> None:
        self.folder, self.unc = folder, unc
        self.port = port or free_port()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        } | {
            "XDG_STATE_HOME": str(folder),
            "XDG_CACHE_HOME": str(folder),
            "COLUMNS": "120",
            **(secret or {}),
        }
        self.output = folder / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [self.unc, "up", "--port", str(self.port), *arguments],
                cwd=folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def printed(self) -> str:
        return self.output.read_text()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `unc` command, in another terminal so to speak."""
        return subprocess.run(
            [self.unc, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def await_up(self) -> None:
        eventually(
            lambda: "It is up" in self.printed() or self.process.poll() is not None, "it is up"
        )
        assert self.process.poll() is None, self.printed()

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def leftovers(self) -> list[str]:
        """Processes that carry this emulator's port in their environment."""
        mark = f"GATEWAY_PORT={self.port}".encode()
        return [
            entry.name
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and mark in _environment_of(entry)
        ]

    def end(self, by: signal.Signals) -> None:
        self.process.send_signal(by)
        self.process.wait(timeout=60)


def free_port() -> int:
    """One below those that the system gives to connections: none takes it before it is used."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
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
    sent = up.run("send", "--from", "whatsapp:+4915555550199", "--body", "hi", "--json")
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
        json.loads(up.run("send", "--body", "hi", "--json", *option).stdout)[0]["message_id"]
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


def test_a_reply_service_of_the_user_s_that_writes_nothing_here_is_notified(tmp_path: Path) -> None:
    """Both commands end well, and say why there is no reply."""
    with running_stand_in("a secret", SilentWriter()) as service:  # type: ignore[arg-type]
        asked = ("--reply-url", service.url)
        secret = {"INTELLIGENCE_API_SECRET": "a secret"}
        running = Up(tmp_path, *asked, secret=secret)
        try:
            running.await_up()
            sent = running.run("send", "--body", "hi")
        finally:
            running.end(signal.SIGINT)
    assert (sent.returncode, "no reply in these tables" in sent.stdout) == (0, True), sent.stderr
    assert "no reply in these tables" in running.printed()
    assert {post.status for post in service.posts} == {200}


@pytest.mark.parametrize(
    ("secret", "status", "words"),
    [
        ("a secret", 404, ("✗ Http404", "look at its path", "unc dlq redrive")),
        ("another", None, ("✗ Http401", "refuses the secret", "INTELLIGENCE_API_SECRET")),
    ],
    ids=["a wrong path", "a wrong secret"],
)
def test_a_reply_service_that_refuses_is_said_at_once_with_its_status(
    secret: str, status: int | None, words: tuple[str, ...], tmp_path: Path
) -> None:
    """No silent minute; the live view shows what `unc send` ends with."""
    with running_stand_in("a secret", SilentWriter()) as service:  # type: ignore[arg-type]
        service.fail_with = status
        given = {"INTELLIGENCE_API_SECRET": secret}
        running = Up(tmp_path, "--reply-url", service.url, secret=given)
        try:
            running.await_up()
            sent = running.run("send", "--body", "to nobody")
            code = words[0].removeprefix("✗ ")
            eventually(
                lambda: code in running.printed().rpartition("to nobody")[2],
                "the live view shows it",
            )
        finally:
            running.end(signal.SIGINT)
    assert sent.returncode == 7, sent.stderr
    assert all(word in sent.stdout for word in words)
    assert all(word in running.printed() for word in words)


def test_samples_that_nobody_answers_end_with_seven(tmp_path: Path) -> None:
    with running_stand_in("a secret", SilentWriter()) as service:  # type: ignore[arg-type]
        service.fail_with = 422
        asked = ("--reply-url", service.url, "--no-stay", "--json")
        running = Up(tmp_path, *asked, secret={"INTELLIGENCE_API_SECRET": "a secret"})
        assert running.process.wait(timeout=120) == 7
    printed = running.printed()
    played = json.loads(printed[printed.index("{\n") :].rpartition("}")[0] + "}")
    outcomes = [each["outcome"] for each in played["samples"] if each["session_id"]]
    assert {each["word"] for each in outcomes} == {"✗ Http422"}


def test_for_another_program_it_prints_one_document_and_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    ran = subprocess.run(
        [UNC, "up", "--port", str(port), "--no-stay", "--json"],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    document = json.loads(ran.stdout)
    assert document["endpoint"] == f"http://127.0.0.1:{port}"
    played = {sample["label"]: sample for sample in document["samples"]}
    assert played["whatsapp_text"]["replied_after_seconds"] is not None


def test_the_quiet_time_that_was_asked_for_reaches_the_notifier(tmp_path: Path) -> None:
    asked = ("--quiet-seconds", "40", "--longest-wait-seconds", "50", "--no-play")
    running = Up(tmp_path, *asked)
    try:
        running.await_up()
        aws = local_aws(f"http://127.0.0.1:{running.port}", "us-east-1")
        found = aws.functions.get_function_configuration(FunctionName="unc-dynamo-lambda")
    finally:
        running.end(signal.SIGINT)
    variables = found["Environment"]["Variables"]
    assert variables["REPLY_QUIET_SECONDS"] == "40"
    assert variables["REPLY_LONGEST_WAIT_SECONDS"] == "50"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_process_stays(up: Up, by: signal.Signals) -> None:
    """Ctrl-C, a polite end and a crash: the emulator and its functions go too."""
    assert up.leftovers()
    up.end(by)
    eventually(lambda: not up.leftovers(), "every process of it has ended")
    assert not up.is_listening()


def test_state_survives_a_restart(tmp_path: Path) -> None:
    """What was said before is there again, and the talk goes on."""
    port, chat = free_port(), ""
    for word in ("before", "after"):
        running = Up(tmp_path, "--no-play", "--state", str(tmp_path / "state"), port=port)
        try:
            running.await_up()
            sent = running.run("send", "--body", word, "--json")
            assert sent.returncode == 0, sent.stderr
            chat = running.run("chat", "4915555550199").stdout
        finally:
            running.end(signal.SIGINT)
    assert "You said: before" in chat
    assert "You said: after" in chat


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [UNC, "up", "--port", port],
            env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode != 0
    assert port in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len([line for line in ran.stderr.splitlines() if not line.startswith("·")]) == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("Resources:", "Resources: ["), ("AWS::DynamoDB::Table", "AWS::No::Such")],
    ids=["no YAML", "no such resource"],
)
def test_a_broken_template_is_one_clear_line(right: str, wrong: str, tmp_path: Path) -> None:
    """And the emulator that was started for it ends too."""
    checkout, port = Checkout(tmp_path), free_port()
    checkout.lend_emulator()
    checkout.template.write_text(checkout.template.read_text().replace(right, wrong))
    ran = checkout.run("up", "--port", str(port))
    assert ran.returncode == 5
    [line] = complaints(ran)
    assert line.startswith("unc: ")
    assert "unexpected" not in line
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
