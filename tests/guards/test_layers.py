"""Imports go one way, and what is pure knows nothing of the outside.

webhook <- conversation <- notification, webhook <- intake; consumer <- config, logger_setup
<- container <- handlers <- the functions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards.repository import SOURCE, imported_modules, name_of, python_files

LAYERS = {
    "consumer": 0,
    "config": 1,
    "logger_setup": 1,
    "container": 2,
    "handlers": 3,
    "queue_function": 4,
    "dynamo_function": 4,
    "intake_function": 4,
}
PACKAGES = {"consumer", "handlers"}
# In the package: a stage imports the stages before it, and what all share.
STAGES = {"": 0, "webhook": 1, "intake": 2, "conversation": 2, "notification": 3, "aws": 1}
# The SDK's own credential chain, where it happens to be importable.
THIRD_PARTY = {"consumer/aws/credentials.py": {"botocore"}}
OUTSIDE_WORLD = {"boto3", "botocore", "urllib3", "http", "socket", "os", "logging", "time"}
# What may touch the outside says so in its name, or lies in aws/.
OUTSIDE = ("_store.py", "_table.py", "_queue.py", "_service.py")
SHARED_OUTSIDE = {"environment.py", "masking.py", "metrics.py"}

SOURCES = python_files("src")
STAGE_SOURCES = python_files("src/consumer")


def top(module: str) -> str:
    """Return the first part of a dotted name."""
    return module.partition(".")[0]


def layer_of(path: Path) -> str:
    """Return the layer that a source file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def stage_of(path: Path) -> str:
    """Return the folder of the package that a file lies in; blank for what all share."""
    parts = path.relative_to(SOURCE / "consumer").parts
    return parts[0] if len(parts) > 1 else ""


def is_pure(path: Path) -> bool:
    """Say whether a file of the package may not touch the outside."""
    if stage_of(path) == "":
        return path.name not in SHARED_OUTSIDE
    return stage_of(path) != "aws" and not path.name.endswith(OUTSIDE)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_from_layers_below(path: Path) -> None:
    own = layer_of(path)
    for module in map(top, imported_modules(path)):
        if module in LAYERS and not (module == own and own in PACKAGES):
            assert LAYERS[module] < LAYERS[own], f"{own} imports {module}"


@pytest.mark.parametrize("path", STAGE_SOURCES, ids=name_of)
def test_a_stage_imports_only_from_stages_before_it(path: Path) -> None:
    own = stage_of(path)
    for module in imported_modules(path):
        parts = module.split(".")
        stage = parts[1] if parts[0] == "consumer" and len(parts) > 2 else ""
        if parts[0] == "consumer" and stage != own:
            assert STAGES[stage] < STAGES[own], f"{own} imports {module}"


@pytest.mark.parametrize("path", [*filter(is_pure, STAGE_SOURCES)], ids=name_of)
def test_a_pure_module_knows_no_outside_world(path: Path) -> None:
    modules = imported_modules(path)
    assert not {top(module) for module in modules} & OUTSIDE_WORLD
    assert not {module for module in modules if module.startswith("consumer.aws")}


def test_every_module_has_a_layer() -> None:
    assert {layer_of(path) for path in SOURCES} <= set(LAYERS)
    assert {stage_of(path) for path in STAGE_SOURCES} == set(STAGES)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_doors_import_what_is_not_ours(path: Path) -> None:
    foreign = {
        module
        for module in map(top, imported_modules(path))
        if module not in LAYERS and module not in sys.stdlib_module_names
    }
    assert foreign <= THIRD_PARTY.get(path.relative_to(SOURCE).as_posix(), set())


def test_importing_the_handlers_opens_no_connection_and_needs_no_setting() -> None:
    code = (
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'subprocess.Popen'):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(refuse)\n"
        "import queue_function, dynamo_function, intake_function\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SOURCE, env={}, check=True)
