"""What the guards look at: the files that are tracked, and the code among them."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return the files that git knows or would take, that exist, and that hold text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = sorted({ROOT / name for name in listed.stdout.splitlines()})
    return tuple(path for path in paths if path.is_file() and is_text(path))


def is_text(path: Path) -> bool:
    """Say whether a file can be read as text."""
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def python_files(*folders: str) -> list[Path]:
    """Return the Python files under some folders."""
    return [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]


def pages() -> list[Path]:
    """Return the documentation."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def imported_modules(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name_of(path: Path) -> str:
    """Return a path as the repository knows it, for readable test ids."""
    return path.relative_to(ROOT).as_posix()


def project() -> dict[str, Any]:
    """Return the project table of pyproject.toml."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def pins(name: str) -> list[str]:
    """Return the pinned versions in a requirements file."""
    return re.findall(r"^([a-z0-9_.-]+==[^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)
