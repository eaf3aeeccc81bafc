"""A command that changes something says first which account it goes to."""

import pytest
import typer.main

from tests.support.http_server import reply, serving
from unc.aws.connection import name_account
from unc.aws.session import local_aws
from unc.cli import app
from unc.runner import run

SENDER = "4915555550199"
CHANGING = {
    "answering start": [],
    "answering stop": [],
    "console": ["--no-open"],
    "deploy": [],
    "deploy --dry-run": [],
    "destroy": ["--yes"],
    "diff": [],
    "dlq purge": ["--yes"],
    "dlq redrive": ["--all"],
    "forget": [SENDER, "--yes"],
    "pause": [SENDER, "--for", "2h"],
    "replay": [SENDER],
    "restore": ["--yes"],
    "resume": [SENDER],
    "send": [],
    "webhook check": [],
}
# They read, or are about nothing but the laptop.
OTHERS = {
    "answering show",
    "chat",
    "cost",
    "dlq list",
    "dlq show",
    "export",
    "logs",
    "package",
    "status",
    "trace",
    "up",
}


def _commands(group: object, before: str = "") -> set[str]:
    """Every command, as it is typed."""
    found = set()
    for name, command in vars(group)["commands"].items():
        is_group = "commands" in vars(command)
        found |= _commands(command, f"{before}{name} ") if is_group else {before + name}
    return found


def test_each_command_is_known_to_change_something_or_not_to() -> None:
    changing = {command.removesuffix(" --dry-run") for command in CHANGING}
    assert _commands(typer.main.get_command(app)) == changing | OTHERS


@pytest.mark.parametrize(("command", "arguments"), CHANGING.items(), ids=str)
def test_where_to_is_the_first_line_of_stdout(
    command: str,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Before anything is asked of the account; here it refuses everything."""
    with serving(reply(400, {})) as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL", refusing.url)
        assert run([*command.split(), *arguments]) != 0
        said = capfd.readouterr()
        assert said.out.splitlines()[0] == f"the laptop: {refusing.url}"
        assert run([*command.split(), *arguments, "--json"]) != 0
    said = capfd.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("", f"the laptop: {refusing.url}")


def test_an_account_is_named_by_its_number_and_region() -> None:
    aws = local_aws("http://10.0.0.7:4566", "eu-west-1")
    aws.account = "123456789012"
    assert name_account(aws) == "AWS account 123456789012 in eu-west-1, at http://10.0.0.7:4566"
    aws.endpoint = None
    assert name_account(aws) == "AWS account 123456789012 in eu-west-1, profile default"
