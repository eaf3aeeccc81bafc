"""The pages of docs/howto name every alarm, and only commands and options that exist."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from typing import Any

import pytest
from typer.main import get_command

from tests.guards.repository import ROOT, python_files
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
OPTIONS = sorted(
    {name for page in HOWTO.glob("*.md") for name in re.findall(r"`(--[a-z-]+)", page.read_text())}
)
# The first column of the tables of reasons.
REASONS = sorted(
    {
        reason
        for table in re.findall(r"^\| reason begins with .*\n((?:\|.*\n)+)", ALARMS, re.MULTILINE)
        for row in table.splitlines()[1:]
        for reason in re.findall(r"`([^`]+)`", row.split(" | ")[0])
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
    if words and words[0].startswith("-"):  # an option of `unc` itself ends it at once
        assert words[0] in options_of(command)
        return
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    if words:
        command.make_context(line, words)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_that_a_page_names_exists(option: str) -> None:
    assert option in options_of(get_command(app))


def options_of(command: Any) -> set[str]:
    """Return the options of a command and of all below it."""
    own = {name for each in command.params for name in each.opts}
    below = getattr(command, "commands", {}).values()
    return own.union(*map(options_of, below))


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


def text_of(node: ast.AST) -> str:
    """Return a literal's text, with … for what an f-string fills in; blank for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return "".join(text_of(part) or "…" for part in parts)


@cache
def literals(*folders: str) -> frozenset[str]:
    """Return every text that the code holds."""
    trees = [ast.parse(path.read_text()) for path in python_files(*folders)]
    texts = (text_of(node) for tree in trees for node in ast.walk(tree))
    return frozenset(text for text in texts if text)


def malformed_reasons() -> set[str]:
    """Return the reasons that the parser gives as literals."""
    trees = [ast.parse(path.read_text()) for path in python_files("src")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if ast.unparse(call.func) == "Malformed" and call.args]
    return {text for call in named if (text := text_of(call.args[0]))}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_that_the_page_explains_is_given_by_the_code(reason: str) -> None:
    begins = re.compile(re.escape(reason).replace("…", ".*"))
    assert any(begins.match(text) for text in literals("src", "unc"))


def test_every_malformed_body_s_reason_is_explained() -> None:
    reasons = malformed_reasons()
    assert len(reasons) > 10
    assert [each for each in sorted(reasons) if not each.startswith(tuple(REASONS))] == []


@pytest.mark.parametrize(
    "event",
    [
        "batch had problems",
        "notifications had problems",
        "reply outcome unknown",
        "reply service did not accept",
    ],
)
def test_every_log_event_that_the_page_looks_for_is_logged(event: str) -> None:
    assert f"`{event}`" in ALARMS and event in literals("src")
