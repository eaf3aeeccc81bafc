"""What the pages tell people to run and to read exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from tests.guards.repository import ROOT, name_of, pages, python_files
from unc.cli import app

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")
ANCHOR = re.compile(r"\]\(((?!https?://)[^)\s#]*)#([^)\s]+)\)")
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


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_anchor_leads_to_a_heading(page: Path) -> None:
    for target, anchor in ANCHOR.findall(FENCE.sub("", page.read_text())):
        assert anchor in anchors_of(page.parent / target if target else page)


def anchors_of(page: Path) -> set[str]:
    """Return what GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_decision_is_in_the_index_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^- \[(\d{4})\]\((\S+)\)", (folder / "README.md").read_text(), re.MULTILINE
    )
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for _, name in listed] == files
    assert [number for number, _ in listed] == [f"{n:04}" for n in range(1, len(files) + 1)]


@pytest.mark.parametrize("page", sorted((ROOT / "docs/decisions").glob("[0-9]*.md")), ids=name_of)
def test_a_decision_says_why_what_and_what_follows(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.name[:4]} ")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences"]


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
        for part in ("Mechanism", "Limits", "Tests"):
            assert f"\n**{part}" in section, section[:2]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", page.read_text()))
    assert named <= names_of_tests()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:src|unc|tests|docs|infra|benchmarks|samples)/[\w./-]+)`", page.read_text()
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@cache
def names_of_tests() -> frozenset[str]:
    """Return the names of all test functions."""
    texts = (path.read_text() for path in python_files("tests"))
    return frozenset(name for text in texts for name in re.findall(r"def (test_\w+)", text))
