"""`unc up` as a person runs it: it comes up, shows conversations, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.checkout import LIMIT_SECONDS, Checkout, complaints
from tests.e2e.up import UNC, SilentWriter, Up
from tests.e2e.world import eventually
from tests.support.ports import free_port
from unc.aws.session import local_aws
from unc.local.reply_stand_in import running_stand_in

pytestmark = pytest.mark.emulator


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    try:
        running.await_up()
        yield running
    finally:
        running.process.kill()
        running.process.wait()


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
        assert running.process.wait(timeout=LIMIT_SECONDS) == 7
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
        timeout=LIMIT_SECONDS,
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
            timeout=LIMIT_SECONDS,
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
