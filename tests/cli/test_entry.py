"""How `unc` begins: whatever the shell has done to its streams and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.checkout import UNC, Checkout

WRITES = """
from unc.terminal import out, print_json
def run():
    out.print("▸ Grüße")
    print_json({"text": "Grüße"})
    return 0
"""
# A job in the background starts with SIGINT ignored, and so would the child.
AS_IN_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
IMPORTS_FOR_EVER = """
import signal
print("importing", flush=True)
signal.pause()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_ctrl_c_while_it_imports_ends_it_without_a_word(checkout: Checkout) -> None:
    (checkout.root / "unc" / "runner.py").write_text(IMPORTS_FOR_EVER)
    with subprocess.Popen(
        [sys.executable, "-c", AS_IN_A_TERMINAL + UNC],
        cwd=checkout.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"importing\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_shell_has_closed_is_no_error(closed: str, checkout: Checkout) -> None:
    ran = checkout.run("--help", shell=closed)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_terminal_without_our_letters_gets_others(checkout: Checkout) -> None:
    (checkout.root / "unc" / "runner.py").write_text(WRITES)
    ran = checkout.run(PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr) == (0, "")
    words, _, document = ran.stdout.partition("\n")
    assert words == "? Gr??e"
    assert json.loads(document) == {"text": "Grüße"}


def test_no_command_but_the_console_loads_a_web_server() -> None:
    """It would be half of the time that each command takes to start."""
    code = "import sys, unc.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "typer" in loaded
    assert not loaded & {"starlette", "uvicorn", "jinja2", "anyio", "asyncio"}
