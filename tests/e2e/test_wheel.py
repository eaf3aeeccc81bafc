"""The wheel alone: built, installed into a bare environment elsewhere, up to the first reply.

The installation fetches the emulator from the package index, so these tests need one.
"""

import json
import os
import signal
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.up import Up
from tests.guards.repository import ROOT
from tests.support.http_server import Handler, reply, serving
from unc.deploy.package import build_package

pytestmark = pytest.mark.emulator

LIMIT_SECONDS = 600
PROJECT = "unc-consumer"
UV = str(Path(sys.executable).with_name("uv"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    _run([sys.executable, *build], ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `unc` of an environment that holds the wheel with its extra, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "bare", symlinks=True)
    python = folder / "bare" / "bin" / "python"
    _run([UV, "pip", "install", "-q", "--python", str(python), f"{wheel}[local]"], folder)
    return python.with_name("unc")


def test_the_wheel_goes_from_a_bare_environment_to_the_first_reply(
    installed: Path, tmp_path: Path
) -> None:
    """From a folder that holds nothing: samples are replied to, and so is a message sent."""
    running = Up(tmp_path, unc=installed)
    try:
        running.await_up()
        sent = running.run("send", "--body", "hi", "--wait", "600", "--json")
        diff = running.run("deploy", "--dry-run", "--json")
    finally:
        running.end(signal.SIGINT)
    assert "You said: Hello, is anyone there?" in running.printed()
    [progress] = json.loads(sent.stdout)
    assert progress["replied_after_seconds"] is not None
    assert diff.returncode == 0, diff.stderr


def test_the_installed_tool_writes_the_same_zip_as_the_clone(
    installed: Path, tmp_path: Path
) -> None:
    package = json.loads(_run([str(installed), "package", "--json"], tmp_path))
    assert package["content_sha256"] == build_package(tmp_path / "clone.zip").digest
    assert (tmp_path / "dist" / "unc-consumer.zip").stat().st_size == package["bytes"]


def test_the_installed_tool_knows_its_version_and_the_counted_costs(
    installed: Path, tmp_path: Path
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert _run([str(installed), "--version"], tmp_path).strip() == project["version"]
    assert json.loads(_run([str(installed), "cost", "--json"], tmp_path))["dollars_a_month"]


def test_an_index_that_holds_the_wheel_is_enough(wheel: Path, tmp_path: Path) -> None:
    """An index is a page of links, one for each file of the project (PEP 503)."""
    page = f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()

    def serve(handler: Handler) -> None:
        is_page = handler.received.path == "/simple/unc-consumer/"
        kind = {"content-type": "text/html" if is_page else "application/octet-stream"}
        reply(200, page if is_page else wheel.read_bytes(), **kind)(handler)

    with serving(serve) as index:
        where = ["--target", str(tmp_path), "--default-index", f"{index.url}/simple/"]
        _run([UV, "pip", "install", "-q", "--no-cache", "--no-deps", *where, PROJECT], tmp_path)
    assert (tmp_path / "unc" / "bundled" / "infra" / "template.yaml").is_file()


def test_the_wheel_holds_the_console_s_pages(wheel: Path) -> None:
    """An import alone does not show that a template or a script is missing."""
    shipped = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "unc" / "console"
    files = {p.relative_to(ROOT).as_posix() for p in folder.rglob("*.*") if p.suffix != ".pyc"}
    assert {Path(name).suffix for name in files} >= {".html", ".css", ".js", ".svg"}
    assert files <= shipped


def _run(command: list[str], folder: Path) -> str:
    """Run a command that has to end well; gives what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout
