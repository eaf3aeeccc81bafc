"""Log calls name an event that is a constant, mask people, and pass only known fields."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.guards.repository import name_of, python_files

LEVELS = {"debug", "info", "warning", "error", "measure"}
PERSON = "sender"
# What each holds names no person and quotes nobody: codes, our own words, counts, ids of records.
HARMLESS = {
    "attempt",
    "error",
    "failed",
    "message_id",
    "newer_id",
    "posts",
    "problem",
    "problems",
    "reason",
    "record_id",
    "seconds",
    "session_id",
    "shortest_hidden",
    "status",
    "unhandled",
    "until",
    "warning",
}
FILES = [path for path in python_files("src") if path.name != "logger_setup.py"]


def log_calls(code: str) -> list[ast.Call]:
    """Return the calls of a logger's methods."""
    return [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
    ]


def flaws(call: ast.Call) -> list[str]:
    """Return what a log call does wrong."""
    given = 2 if isinstance(call.func, ast.Attribute) and call.func.attr == "measure" else 1
    found = [] if len(call.args) == given and _is_text(call.args[0]) else ["event is no constant"]
    for field in call.keywords:
        if field.arg == PERSON:
            found += [] if _is_masked(field.value) else [f"{PERSON} is not masked"]
        elif field.arg not in HARMLESS:
            found.append(f"field {field.arg} is not known as harmless")
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_masked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "mask"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_log_calls_are_safe(path: Path) -> None:
    code = path.read_text()
    assert {call.lineno: flaws(call) for call in log_calls(code) if flaws(call)} == {}


def test_the_guard_sees_the_log_calls_of_every_function() -> None:
    seen = {path.name for path in FILES if log_calls(path.read_text())}
    handlers = {"queue_message_handler.py", "dynamo_event_handler.py", "intake_handler.py"}
    assert {*handlers, "container.py"} <= seen


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('log.info("session opened", sender=mask(sender))', []),
        ('log.measure("batch handled", {"Stored": 1})', []),
        ('log.info(f"session of {sender}")', ["event is no constant"]),
        ("log.info(event)", ["event is no constant"]),
        ('log.info("session of %s", sender)', ["event is no constant"]),
        ('log.error("failed", sender=sender)', ["sender is not masked"]),
        ('log.error("failed", sender=str(sender))', ["sender is not masked"]),
        ('deps.log.debug("read", body=body)', ["field body is not known as harmless"]),
        ('log.debug("read", **fields)', ["field None is not known as harmless"]),
    ],
)
def test_the_guard_finds_what_is_wrong(code: str, found: list[str]) -> None:
    assert [flaws(call) for call in log_calls(code)] == [found]
