"""An emulator whose process guard was killed is found by its note, named, and ended when asked."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.checkout import Checkout
from tests.support.ports import free_port
from unc import project
from unc.errors import EmulatorFailed
from unc.local.emulator import require_free
from unc.local.leftover import NOTE, SCRATCH_PREFIX, end_emulator, find_emulator

# Holds the port as an emulator does, and starts a process of its own.
HOLDER = (
    "import os, signal, socket, subprocess, sys\n"
    "held = socket.create_server(('127.0.0.1', int(os.environ['GATEWAY_PORT'])))\n"
    "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print('up', flush=True)\n"
    "signal.pause()\n"
)


@dataclass
class Guarded:
    """A guard and what it guards; `family` reads nothing more when all of it has ended."""

    guard: subprocess.Popen[bytes]
    folder: Path
    port: int

    def kill_guard(self) -> None:
        self.guard.kill()
        self.guard.wait()

    def wait_until_none_is_left(self) -> None:
        assert self.guard.stdout
        assert self.guard.stdout.read() == b""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    script = tmp_path / "holder.py"
    script.write_text(HOLDER)
    folder, port = tmp_path / "temporary", free_port()
    scratch = folder / f"{SCRATCH_PREFIX}1"
    scratch.mkdir(parents=True)
    command = [sys.executable, str(script)]
    guard = subprocess.Popen(
        [sys.executable, "-I", str(project.PROCESS_GUARD), str(scratch), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "GATEWAY_PORT": str(port)},
    )
    assert guard.stdout
    assert guard.stdout.readline() == b"up\n"
    # The guard writes its note while the command is starting already.
    while find_emulator(port, folder) is None:
        assert guard.poll() is None
        threading.Event().wait(0.01)
    yield Guarded(guard, folder, port)
    left = find_emulator(port, folder)
    if left:
        os.killpg(left.pid, signal.SIGKILL)
    assert guard.stdin
    guard.stdin.close()
    guard.stdout.close()
    guard.wait()


def test_a_guarded_emulator_belongs_to_an_unc_up(guarded: Guarded) -> None:
    found = find_emulator(guarded.port, guarded.folder)
    assert found is not None
    assert found.is_guarded()
    assert find_emulator(guarded.port + 1, guarded.folder) is None


def test_what_a_killed_guard_leaves_is_ended_with_all_it_started(guarded: Guarded) -> None:
    guarded.kill_guard()
    left = find_emulator(guarded.port, guarded.folder)
    assert left is not None
    assert not left.is_guarded()
    end_emulator(left)
    guarded.wait_until_none_is_left()
    require_free(guarded.port)
    assert not left.scratch.exists()
    assert find_emulator(guarded.port, guarded.folder) is None


def up(guarded: Guarded, tmp_path: Path, keyboard: str) -> tuple[int, str]:
    """Run `unc up` where no emulator is installed."""
    asked = ("up", "--port", str(guarded.port))
    ran = Checkout(tmp_path).run(*asked, shell=f"<{keyboard}", TMPDIR=str(guarded.folder))
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("is_killed", "words", "hint"),
    [(True, "of an `unc up` that was killed", "kill -- -"), (False, "another `unc up`", "Ctrl-C")],
)
def test_a_port_that_is_held_names_the_process_and_the_way_out(
    is_killed: bool, words: str, hint: str, guarded: Guarded, tmp_path: Path
) -> None:
    if is_killed:
        guarded.kill_guard()
    held = find_emulator(guarded.port, guarded.folder)
    code, said = up(guarded, tmp_path, os.devnull)
    assert code == 4
    assert words in said
    assert hint in said
    assert held is not None
    assert f"process {held.pid}" in said
    assert held.is_running()


@pytest.mark.parametrize(("answer", "code"), [("y", 3), ("n", 4)])
def test_at_a_terminal_it_is_asked_whether_to_end_it(
    answer: str, code: int, guarded: Guarded, tmp_path: Path
) -> None:
    """Code 3: the port is free, and no emulator is installed here; 4: the port is held."""
    guarded.kill_guard()
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())
    returned, said = up(guarded, tmp_path, os.ttyname(terminal))
    os.close(keyboard)
    os.close(terminal)
    assert f"holds port {guarded.port}; end it?" in said
    assert returned == code, said


@pytest.mark.parametrize("noted", ["", "[]", '{"guard": 1}', '{"guard": "x"}'])
def test_a_note_that_makes_no_sense_names_nobody(noted: str, tmp_path: Path) -> None:
    scratch = tmp_path / f"{SCRATCH_PREFIX}2"
    scratch.mkdir()
    (scratch / NOTE).write_text(noted)
    assert find_emulator(1, tmp_path) is None


def test_a_process_that_runs_something_else_is_not_ours(tmp_path: Path) -> None:
    """The system has given the number to another process since."""
    scratch = tmp_path / f"{SCRATCH_PREFIX}3"
    scratch.mkdir()
    note = {"guard": 1, "pid": os.getpid(), "command": "/no/such/emulator", "port": "4711"}
    (scratch / NOTE).write_text(json.dumps(note))
    assert find_emulator(4711, tmp_path) is None


def test_a_port_of_somebody_else_is_only_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(EmulatorFailed, match=f"port {port} is in use"):
            require_free(port)
