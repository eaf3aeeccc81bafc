"""The pages of docs/howto name every alarm, and only commands and options that exist."""

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

HOWTO = ROOT / "docs" / "howto"
ALARMS = (HOWTO / "alarms.md").read_text()
DEAD_LETTERS = (HOWTO / "dead-letters.md").read_text()
CODE = re.compile(r"```\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMANDS = sorted(
    {
        line.partition("#")[0].strip()
        for page in HOWTO.glob("*.md")
        for block in CODE.findall(page.read_text())
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


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("alarm", sorted(named("AWS::CloudWatch::Alarm")))
def test_every_alarm_has_a_row_and_a_section(alarm: str) -> None:
    headings = [line for line in ALARMS.splitlines() if line.startswith("## ")]
    rows = [line for line in ALARMS.splitlines() if line.startswith("| [")]
    assert any(alarm in line for line in headings)
    assert any(alarm in line for line in rows)


def test_every_dead_letter_queue_is_explained() -> None:
    assert all(f"| `{name}` |" in DEAD_LETTERS for name in queues.NAMES)
