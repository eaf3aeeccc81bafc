"""The emulator of an `unc up` that was killed together with its process guard.

Nobody ends it then, and it holds its port. The guard leaves a note beside its scratch files; a
process counts as ours only if the note lies in a folder of this user, and the process still runs
the command that the note names.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SCRATCH_PREFIX = "unc-"
# As the process guard writes it, which knows nothing of this package.
NOTE = "process.json"
_GUARD = "process_guard.py"
_STOP_GRACE_SECONDS = 15.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class EmulatorNote:
    """What a process guard has noted: its own process, the emulator's, and the emulator's port."""

    scratch: Path
    guard: int
    pid: int
    command: str
    port: int

    def is_running(self) -> bool:
        """Say whether the emulator still runs."""
        return self.command in _command_of(self.pid)

    def is_guarded(self) -> bool:
        """Say whether its guard still runs, so that an `unc up` owns it."""
        return _GUARD in _command_of(self.guard)


def find_emulator(port: int, folder: Path | None = None) -> EmulatorNote | None:
    """Return the emulator of ours that runs on a port; `folder` is where scratch folders lie."""
    found = folder or Path(tempfile.gettempdir())
    for path in found.glob(f"{SCRATCH_PREFIX}*/{NOTE}"):
        note = _read_note(path)
        if note and note.port == port and note.is_running():
            return note
    return None


def _read_note(path: Path) -> EmulatorNote | None:
    """Read a note; None for one of somebody else, or for nonsense."""
    try:
        if path.parent.stat().st_uid != os.getuid():
            return None
        noted = json.loads(path.read_text())
        guard, pid, port = (int(noted[name]) for name in ("guard", "pid", "port"))
        command = str(noted["command"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return EmulatorNote(path.parent, guard, pid, command, port) if pid > 1 and command else None


def _command_of(pid: int) -> str:
    """Return a process's command line; blank where there is none, or it has ended."""
    try:
        asked = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        # A small container has no ps.
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def end_emulator(left: EmulatorNote) -> None:
    """End an emulator that nobody guards, as its guard would have: it saves its state first."""
    _signal(left.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_GRACE_SECONDS
    while left.is_running() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(left.pid, signal.SIGKILL)  # the functions that it started
    shutil.rmtree(left.scratch, ignore_errors=True)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
