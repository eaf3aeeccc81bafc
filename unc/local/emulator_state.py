"""Correct what the emulator keeps wrongly over a restart.

It knows its queues by URL, port included, so state belongs to the port it was made on.

It keeps how far a mapping has read a table's stream, but not the stream's records: without this
the first records after a restart would be skipped. What stood in the stream unread when the
emulator stopped is gone; the messages are stored, without a notification.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from unc.errors import BadInput

_POSITIONS = "dynamodb_stream_positions"
_PORT_NOTE = "port"
DEFAULT_PORT = 4566
# The stand-in reply service takes the one above.
LAST_PORT = 65534


def choose_port(state: Path | None, wanted: int | None) -> int:
    """Return the port asked for, else the state's own; raises BadInput where the two differ."""
    kept = _read_port(make_folder(state)) if state else None
    if kept and wanted not in (None, kept):
        raise BadInput(f"the state in {state} belongs to port {kept}", f"take --port {kept}")
    return kept or (DEFAULT_PORT if wanted is None else wanted)


def _read_port(state: Path) -> int | None:
    """Return the port that the state was made on, None before; raises BadInput for nonsense."""
    note = state / _PORT_NOTE
    if not note.exists():
        return None
    with keeping(state):
        text = note.read_bytes().decode(errors="replace").strip()
    port = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 0 < port <= LAST_PORT:
        raise BadInput(
            f"{note} holds no port but {text[:20]!r}", "write the one into it that it was made on"
        )
    return port


def note_port(state: Path, port: int) -> None:
    """Tie the state to the port that it is now made on."""
    with keeping(state):
        (state / _PORT_NOTE).write_text(str(port))


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents; raises BadInput when it is not ours to write into."""
    with keeping(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"cannot keep state in {folder}: not writable")
    return folder


@contextlib.contextmanager
def keeping(state: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"cannot keep state in {state}: {error.strerror}") from error


def forget_stream_positions(services: Path) -> None:
    """Let every mapping read its stream from the beginning, which is empty."""
    path = services / "lambda.json"
    try:
        kept = json.loads(path.read_text())
        kept["payload"][_POSITIONS]["data"] = {}
    except (OSError, ValueError, KeyError, TypeError):
        return
    with keeping(services.parent):
        path.write_text(json.dumps(kept))
