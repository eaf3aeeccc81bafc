"""Sizes and habits that are easy to lose one line at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.repository import imported_modules, name_of, python_files

LONGEST_FUNCTION_LINES = 40
LONGEST_FILE_LINES = 350
CODE = python_files("src", "unc")
TESTS = python_files("tests")
SLEEPERS = ("tests/e2e/", "tests/guards/")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(path: Path) -> Iterator[Function]:
    """Yield every function in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_functions_stay_short(path: Path) -> None:
    long = [f.name for f in functions_of(path) if lines_of(f) > LONGEST_FUNCTION_LINES]
    assert long == []


def lines_of(function: Function) -> int:
    """Count a function's lines without its docstring."""
    docstring = ast.get_docstring(function, clean=False)
    own = (function.end_lineno or function.lineno) - function.lineno + 1
    return own - (docstring.count("\n") + 1 if docstring else 0)


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_files_stay_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE_LINES
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_no_test_replaces_code_by_a_patch(path: Path) -> None:
    names = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert "setattr" not in names
    assert not {"unittest.mock", "mock", "pytest_mock"} & imported_modules(path)


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_no_test_sleeps_outside_the_end_to_end_ones(path: Path) -> None:
    if name_of(path).startswith(SLEEPERS):
        return
    calls = [
        ast.unparse(n.func)
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call)
    ]
    assert "time.sleep" not in calls
