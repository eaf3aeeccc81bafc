"""Whatever ends the parent ends the command and all it started.

Every process in these trees writes to one pipe; its end is read only when none is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from unc import project

# A command that starts a process of its own, as the emulator starts functions, and stays.
FAMILY = (
    "import subprocess, sys, signal\n"
    "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print('up', flush=True)\n"
)
STAYS = FAMILY + "signal.pause()\n"
ENDS = FAMILY + "sys.exit(7)\n"


def keeper(scratch: Path, code: str) -> list[str]:
    command = [sys.executable, "-c", code]
    return [sys.executable, "-I", str(project.PROCESS_GUARD), str(scratch), *command]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "left").write_text("over")
    return folder


def start(command: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    return process


def wait_until_none_is_left(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout
    assert process.stdout.read() == b""
    process.wait()
    process.stdout.close()


def test_closing_the_pipe_ends_the_whole_family(scratch: Path) -> None:
    process = start(keeper(scratch, STAYS))
    assert process.stdin
    process.stdin.close()
    wait_until_none_is_left(process)
    assert not scratch.exists()


def test_a_command_that_ends_by_itself_takes_its_family_along(scratch: Path) -> None:
    process = start(keeper(scratch, ENDS))
    assert process.stdin
    wait_until_none_is_left(process)
    process.stdin.close()
    assert process.returncode == 7
    assert not scratch.exists()


def test_the_death_of_the_parent_ends_the_whole_family(scratch: Path) -> None:
    parent = (
        "import subprocess, sys, signal\n"
        f"subprocess.Popen({keeper(scratch, STAYS)!r}, stdin=subprocess.PIPE)\n"
        "signal.pause()\n"
    )
    process = start([sys.executable, "-c", parent])
    os.kill(process.pid, signal.SIGKILL)
    assert process.stdin
    process.stdin.close()
    wait_until_none_is_left(process)


def test_a_ctrl_c_in_the_terminal_is_left_to_the_parent(scratch: Path) -> None:
    process = start(keeper(scratch, STAYS))
    os.kill(process.pid, signal.SIGINT)
    assert process.stdin
    process.stdin.close()
    wait_until_none_is_left(process)
    assert not scratch.exists()
