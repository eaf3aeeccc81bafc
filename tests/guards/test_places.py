"""Nothing in the repository depends on the machine it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.guards.repository import ROOT, name_of, pins, tracked_files

# Written in parts, or these lines would be the first to be found.
MACHINE_PATHS = re.compile(
    "|".join(["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/"])
)
INDEX_URLS = re.compile(r"^\s*(--)?(extra-)?index-url|^\s*--find-links", re.MULTILINE)


@pytest.mark.parametrize("path", tracked_files(), ids=name_of)
def test_no_file_names_a_place_on_some_machine(path: Path) -> None:
    assert not MACHINE_PATHS.search(path.read_text())


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=name_of)
def test_no_requirement_names_a_package_index(path: Path) -> None:
    assert not INDEX_URLS.search(path.read_text())


def test_no_package_ships() -> None:
    assert pins("requirements.txt") == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=name_of)
def test_every_pin_has_its_hashes(path: Path) -> None:
    hashed = re.findall(
        r"^([a-z0-9_.-]+==[^\s;]+).*\\\n +--hash=sha256:", path.read_text(), re.MULTILINE
    )
    assert hashed == pins(path.name)
