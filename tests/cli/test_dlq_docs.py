"""docs/operations.md names every alarm, and only commands and options that exist."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from tests.guards.repository import ROOT
from tests.template.stack import named
from unc.cli import app
from unc.dlq import queues

PAGE = (ROOT / "docs" / "operations.md").read_text()
CODE = re.compile(r"```\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMANDS = sorted(
    {
        line.partition("#")[0].strip()
        for block in CODE.findall(PAGE)
        for line in "".join(block).splitlines()
        if line.startswith("unc ")
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_exists_with_its_options(line: str) -> None:
    """Parsed as the shell would hand it over; nothing is run."""
    parse(line)


@pytest.mark.parametrize("line", ["unc nonsense", "unc dlq nonsense", "unc dlq redrive --nonsense"])
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    with pytest.raises(Exception, match="nonsense"):
        parse(line)


def parse(line: str) -> None:
    """Go down to the command and have it read the rest; a command alone is a mention of it."""
    words = shlex.split(line)[1:]
    command: Any = get_command(app)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    if words:
        command.make_context(line, words)


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("alarm", sorted(named("AWS::CloudWatch::Alarm")))
def test_every_alarm_has_a_row_and_a_section(alarm: str) -> None:
    headings = [line for line in PAGE.splitlines() if line.startswith("### ")]
    rows = [line for line in PAGE.splitlines() if line.startswith("| [")]
    assert any(alarm in line for line in headings)
    assert any(alarm in line for line in rows)


def test_every_anchor_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_every_dead_letter_queue_is_explained() -> None:
    assert all(f"| `{name}` |" in PAGE for name in queues.NAMES)
