"""Imports go one way: domain <- adapters <- wiring <- handlers <- *_function."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards.repository import SOURCE, imported_modules, name_of, python_files

LAYERS = {
    "domain": 0,
    "config": 1,
    "masking": 1,
    "metrics": 1,
    "logger_setup": 2,
    "adapters": 2,
    "wiring": 3,
    "handlers": 4,
    "queue_function": 5,
    "dynamo_function": 5,
}
# Packages may import within themselves; single modules of one layer may not import each other.
PACKAGES = {"domain", "adapters", "handlers"}
# The SDK's own credential chain, where it happens to be importable.
THIRD_PARTY = {"adapters/credentials.py": {"botocore"}}
OUTSIDE_WORLD = {
    "boto3",
    "botocore",
    "urllib3",
    "http",
    "socket",
    "os",
    "logging",
    "time",
    "config",
}

SOURCES = python_files("src")


def top(module: str) -> str:
    """Return the first part of a dotted name."""
    return module.partition(".")[0]


def layer_of(path: Path) -> str:
    """Return the layer that a source file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_from_layers_below(path: Path) -> None:
    own = layer_of(path)
    for module in map(top, imported_modules(path)):
        if module in LAYERS and not (module == own and own in PACKAGES):
            assert LAYERS[module] < LAYERS[own], f"{own} imports {module}"


def test_every_module_has_a_layer() -> None:
    assert {layer_of(path) for path in SOURCES} <= set(LAYERS)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_doors_import_what_is_not_ours(path: Path) -> None:
    foreign = {
        module
        for module in map(top, imported_modules(path))
        if module not in LAYERS and module not in sys.stdlib_module_names
    }
    assert foreign <= THIRD_PARTY.get(path.relative_to(SOURCE).as_posix(), set())


@pytest.mark.parametrize("path", python_files("src/domain"), ids=name_of)
def test_the_domain_knows_no_outside_world(path: Path) -> None:
    assert not {top(module) for module in imported_modules(path)} & OUTSIDE_WORLD


def test_importing_the_handlers_opens_no_connection_and_needs_no_setting() -> None:
    code = (
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'subprocess.Popen'):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(refuse)\n"
        "import queue_function, dynamo_function\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SOURCE, env={}, check=True)
