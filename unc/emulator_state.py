"""Put right what the emulator keeps wrongly over a restart.

It knows its queues by URL, port included, so state belongs to the port it was made on.

It keeps how far a mapping has read a table's stream, but not the stream's records: without this
the first records after a restart would be skipped. What stood in the stream unread when the
emulator stopped is gone; the messages are stored, and were not told.
"""

from __future__ import annotations

import json
from pathlib import Path

from unc.errors import BadInput

POSITIONS = "dynamodb_stream_positions"
DEFAULT_PORT = 4566


def choose_port(state: Path | None, wanted: int | None) -> int:
    """Return the port asked for, else the state's own; raises BadInput where the two differ."""
    note = state / "port" if state else None
    kept = int(note.read_text()) if note and note.is_file() else None
    if kept and wanted not in (None, kept):
        raise BadInput(f"the state in {state} belongs to port {kept}", f"take --port {kept}")
    port = kept or (DEFAULT_PORT if wanted is None else wanted)
    if note and not kept:
        make_folder(note.parent)
        note.write_text(str(port))
    return port


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents; raises BadInput when that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot keep state in {folder}: {error.strerror}") from error
    return folder


def forget_stream_positions(services: Path) -> None:
    """Let every mapping read its stream from the beginning, which is empty."""
    path = services / "lambda.json"
    try:
        kept = json.loads(path.read_text())
        kept["payload"][POSITIONS]["data"] = {}
    except (OSError, ValueError, KeyError, TypeError):
        return
    path.write_text(json.dumps(kept))
