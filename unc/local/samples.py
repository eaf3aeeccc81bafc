"""The sample bodies of samples/, in the order in which they are played."""

from __future__ import annotations

from pathlib import Path

from unc import project
from unc.errors import BadInput
from unc.messages.message import Message, read_message

ONE_BODY = "a file with one URL-encoded body"
_FIRST = ("whatsapp_text", "whatsapp_image_with_caption", "whatsapp_button_reply")


def load_samples(folder: Path = project.SAMPLES) -> list[Message]:
    """Read every sample, the most instructive first."""
    paths = sorted(folder.glob("*.txt"), key=lambda path: (_rank(path.stem), path.stem))
    return [read_message(read_body(path), path.stem) for path in paths]


def _rank(stem: str) -> int:
    """Order by hand what shows most; the rest follows by name, the receipt at the end."""
    if stem in _FIRST:
        return _FIRST.index(stem)
    return 99 if stem == "status_callback" else len(_FIRST)


def read_body(path: Path) -> str:
    """Read a body from a file; an editor's last line break is no part of it."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", ONE_BODY) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text", ONE_BODY) from error
