"""Which system is up on this machine: a note that `unc up` leaves for the other commands."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """Where it listens, who runs it, and where replies come from: our stand-in, or a user's own."""

    endpoint: str
    region: str
    pid: int
    reply_url: str
    stand_in: bool = True


def note_path() -> Path:
    """Return where the note lies: one a user, not one a repository."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "unc" / "running.json"


@contextlib.contextmanager
def noted(running: Running) -> Iterator[None]:
    """Keep the note while the block runs, then an earlier one's; that of a later one stays."""
    earlier = find_running()
    _write_note(running)
    try:
        yield
    finally:
        if find_running() == running:
            _put_back(earlier)


def _write_note(running: Running) -> None:
    """Write the note; where none can be kept, the other commands do not find this one."""
    path = note_path()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(running)))


def _put_back(earlier: Running | None) -> None:
    """Let an earlier system be found again if it is still up; else leave no note."""
    note_path().unlink(missing_ok=True)
    if earlier and _is_alive(earlier.pid):
        _write_note(earlier)


def find_running() -> Running | None:
    """Return the system that is up here, or None; without its writer a note counts for nothing."""
    try:
        running = Running(**json.loads(note_path().read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return running if _is_alive(running.pid) else None


def notifies_elsewhere(endpoint: str | None) -> bool:
    """Say whether this endpoint runs here and notifies a reply service of the user."""
    running = find_running()
    return running is not None and running.endpoint == endpoint and not running.stand_in


def _is_alive(pid: int) -> bool:
    """Say whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
