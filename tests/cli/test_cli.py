"""The command line: exit codes, one line a failure, results and progress apart."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.cli.checkout import Checkout
from unc import project
from unc.aws.connection import BROUGHT_ALONG, ON_PURPOSE
from unc.cli import app
from unc.commands.options import INCOMPLETE, read_senders
from unc.errors import BadInput, DeployFailed, UncError
from unc.runner import fail, run


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ENDPOINT_URL", *ON_PURPOSE, *BROUGHT_ALONG):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    lying = tmp_path / "credentials"
    lying.write_text("[default]\naws_access_key_id = x\naws_secret_access_key = y\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(lying))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


Output = pytest.CaptureFixture[str]


def test_help_names_the_commands(capsys: Output) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in ("up", "send", "status", "chat", "logs"))


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["logs"],
        ["chat", "1"],
        ["send"],
        ["dlq", "purge", "--yes"],
        ["destroy", "--yes"],
        ["deploy"],
    ],
)
def test_with_nothing_to_talk_to_every_command_says_so_in_one_line(
    command: list[str], capsys: Output
) -> None:
    assert run(command) == 6
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("unc: nothing is running here")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", ["chat", "replay", "trace"])
def test_a_number_without_quotes_says_that_it_needs_them(command: str, capsys: Output) -> None:
    assert run([command, "+49", "155", "5555", "0199"]) == 2
    assert "what has blanks needs quotes" in capsys.readouterr().err


def test_several_senders_may_be_written_as_people_do() -> None:
    written = ["+49 155 5555-0199", "4915555550199", "(0049) 155 55550198"]
    assert read_senders(written) == ["4915555550199", "4915555550198"]


@pytest.mark.parametrize("blank", ["", " ", "whatsapp:", "+"])
def test_a_blank_sender_is_refused(blank: str) -> None:
    with pytest.raises(BadInput, match="SENDER is empty"):
        read_senders([blank])


def test_where_nobody_listens_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert run(["status"]) == 6
    assert "nothing answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["send", "--count", "0"], "--count and --senders start at 1"),
        (["send", "--from", ""], "--from is empty"),
        (["send", "--file", "no-such-file"], "cannot read no-such-file"),
        (["send", "--count", "2", "--senders", "3"], "at least 3 messages"),
        (["send", "--file", "b.txt", "--count", "3", "--body", ""], "leave out --body, --count"),
        (["send", "--file", "b.txt", "--from", "+1", "--senders", "1"], "out --from, --senders"),
        (["send", "--wait", "-1"], "'--wait'"),
        (["send", "--file", "."], "cannot read .: Is a directory"),
        (["logs", "--minutes", "-4"], "'--minutes'"),
        (["logs", "--minutes", "inf"], "'--minutes'"),
        (["logs", "--minutes", "1e12"], "'--minutes'"),
        (["up", "--reply-url", "http://127.0.0.1:80x/"], "--reply-url has no host, or a port"),
        (["up", "--port", "0"], "'--port'"),
        (["up", "--port", "65535"], "'--port'"),
        (["up", "--port", "many"], "'--port'"),
        (["up", "--reply-url", "notaurl"], "--reply-url must start with http:// or https://"),
        (["up", "--reply-url", ""], "--reply-url must start with http:// or https://"),
        (["chat", ""], "SENDER is empty"),
        (["replay", ""], "SENDER is empty"),
        (["pause", "", "--for", "2h"], "SENDER is empty"),
        (["pause", "491", "--for", "soon"], "--for is no duration: 'soon'"),
        (["pause", "491"], "Missing option '--for'"),
        (["resume", " "], "SENDER is empty"),
        (["chat"], "Missing argument 'sender'"),
        (["bogus"], "No such command 'bogus'"),
        (["send", "--bogus"], "No such option: --bogus"),
        (["dlq", "show", ""], "ID is empty"),
        (["dlq", "redrive", "--id", ""], "--id is empty"),
        (["dlq", "redrive", "--id", "dead letter", "--id", " "], "--id is empty"),
        (["dlq", "purge", "--yes", "--id", ""], "--id is empty"),
        (["dlq", "redrive", "--queue", "reply"], "there is no dead-letter queue reply"),
    ],
)
def test_bad_input_is_named(command: list[str], words: str, capsys: Output) -> None:
    assert run(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("unc: ")
    assert words in said
    assert said.count("\n") == 1


def test_an_empty_body_file_is_named(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "body.txt").write_text("\n")
    assert run(["send", "--file", str(tmp_path / "body.txt")]) == 2
    assert "is empty" in capsys.readouterr().err


def test_a_file_that_is_no_text_is_named(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "body.bin").write_bytes(b"Body=\xff")
    assert run(["send", "--file", str(tmp_path / "body.bin")]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["localhost:4566", "notaurl", "http://"])
def test_an_endpoint_that_is_no_address_is_named(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert run(["status"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("unc: AWS_ENDPOINT_URL must start with http:// or https://")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566x", "http://127.0.0.1:99999", "http://[::", "http://:80"]
)
def test_an_endpoint_without_host_or_with_an_odd_port_is_named(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert run(["status"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("unc: AWS_ENDPOINT_URL has no host, or a port that is none")
    assert said.count("\n") == 1


def test_a_web_server_that_is_no_aws_is_recognized(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """One that answers a POST with a page of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        code = run(["status"])
        server.shutdown()
    assert code == 6
    assert "unc: what answers is not AWS (what does AWS_ENDPOINT_URL" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["dlq"]])
def test_without_a_command_the_help_is_printed(command: list[str], capsys: Output) -> None:
    assert run(command) == 2
    said = capsys.readouterr()
    assert "Usage: unc" in said.out + said.err
    assert "unc: " not in said.err


def test_an_error_s_exit_code_says_its_kind(capsys: Output) -> None:
    assert fail(DeployFailed("Queue failed: why", "do this")) == 5
    assert capsys.readouterr().err == "unc: Queue failed: why (do this)\n"


def test_nobody_ever_sees_a_traceback(capsys: Output) -> None:
    assert fail(ZeroDivisionError("oh")) == 1
    assert capsys.readouterr().err.startswith("unc: unexpected ZeroDivisionError: oh")


def test_the_version_is_that_of_the_installed_project(capsys: Output) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == version("unc-consumer")


def test_a_shell_is_told_how_a_command_goes_on(tmp_path: Path) -> None:
    """What the script that `unc --install-completion` installs asks for."""
    asked = {"_UNC_COMPLETE": "complete_bash", "COMP_WORDS": "unc stat", "COMP_CWORD": "1"}
    ran = Checkout(tmp_path).run(**asked)
    assert ran.stdout.split() == ["status"]


def leaves(group: Any) -> Iterator[Any]:
    """Yield the commands that do something."""
    for command in group.commands.values():
        yield from leaves(command) if hasattr(command, "commands") else [command]


@pytest.mark.parametrize("command", [*leaves(get_command(app))], ids=lambda command: command.name)
def test_every_command_prints_json_for_another_program(command: Any) -> None:
    """What `export` prints is JSON in any case."""
    if command.name != "export":
        assert "--json" in {name for each in command.params for name in each.opts}


def test_the_page_lists_the_exit_code_of_every_error() -> None:
    page = (project.ROOT / "docs" / "howto" / "exit-codes.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    errors = {UncError, *UncError.__subclasses__()}
    assert listed == {0, 130, INCOMPLETE, *(error.exit_code for error in errors)}
