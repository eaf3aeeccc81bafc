"""What the pages tell people to run and to read exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tests.guards.repository import ROOT, name_of, pages
from unc.cli import app

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def commands_of(page: Path, pattern: str) -> set[str]:
    """Return what follows a program's name in a page's code."""
    code = "\n".join(CODE.findall(page.read_text()))
    return set(re.findall(pattern, code, re.MULTILINE))


def make_verbs() -> set[str]:
    """Return the Makefile's targets."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_make_verb_that_a_page_names_exists(page: Path) -> None:
    assert commands_of(page, r"(?:^|`|\$ |&& )make ([a-z][a-z-]*)") <= make_verbs()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_unc_command_that_a_page_names_exists(page: Path) -> None:
    known = set(getattr(get_command(app), "commands"))  # noqa: B009 (a group, says typer)
    assert commands_of(page, r"(?:^|`|\$ |bin/)unc ([a-z][a-z-]*)") <= known


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    links = LINK.findall(FENCE.sub("", page.read_text()))
    broken = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert broken == []


def test_every_verb_of_the_makefile_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    described = set(re.findall(r"^([a-z][a-z-]*):.*## ", text, re.MULTILINE))
    assert set(phony[1].split()) == described


def test_each_guarantee_says_how_it_is_kept_what_would_break_it_and_what_holds_it() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text()
    sections = re.split(r"^## (?=G[1-8] )", text, flags=re.MULTILINE)[1:]
    assert [section[:2] for section in sections] == [f"G{number}" for number in range(1, 9)]
    for section in sections:
        for part in ("Mechanism", "Would break it", "Held by"):
            assert f"- **{part}**:" in section, section[:2]
