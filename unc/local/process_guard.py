"""Run a command and end it, with all it started, when the parent goes: stopped or crashed.

The parent holds the other end of this process's standard input and never writes to it. However
the parent ends, that pipe closes, and this process sees it. Run as a script, standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

_STDIN = 0
_STOP_GRACE_SECONDS = 15.0


def _guard(scratch: str, command: list[str]) -> int:
    """Run the command until it ends or the parent goes; leave neither processes nor scratch."""
    # A Ctrl-C in the terminal is the parent's to handle; it closes the pipe when it is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A session of its own makes the command the leader of a group that holds all it starts.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    _leave_note(scratch, child.pid, command[-1])
    threading.Thread(target=_stop_with_parent, args=(child,), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    shutil.rmtree(scratch, ignore_errors=True)
    return code


def _leave_note(scratch: str, pid: int, command: str) -> None:
    """Note what runs here: if this process is killed, the next `unc up` finds the command by it."""
    port = os.environ.get("GATEWAY_PORT", "0")
    note = {"guard": os.getpid(), "pid": pid, "command": command, "port": port}
    with contextlib.suppress(OSError):
        (Path(scratch) / "process.json").write_text(json.dumps(note))


def _stop_with_parent(child: subprocess.Popen[bytes]) -> None:
    """Wait for the pipe to close, then let the command save its state, then end the group."""
    # Unbuffered: a thread that holds a buffer's lock would abort the interpreter at its end.
    while os.read(_STDIN, 1):
        pass
    child.terminate()
    try:
        child.wait(_STOP_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid)


def _kill_group(group: int) -> None:
    """End whatever is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_guard(sys.argv[1], sys.argv[2:]))
