"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from unc.errors import BadInput
from unc.messages.sender import read_sender

# The exit code of a command that is done, but not all the way.
INCOMPLETE = 7

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE, a parameter of the template; repeatable."),
]


def require_sender(sender: str) -> None:
    """Raise BadInput for a blank sender."""
    if not read_sender(sender):
        raise BadInput("SENDER is empty", "for example: 4915555550199")


def read_senders(senders: Sequence[str]) -> list[str]:
    """Return sender ids, each once; raises BadInput for a blank one."""
    for sender in senders:
        require_sender(sender)
    return list(dict.fromkeys(read_sender(sender) for sender in senders))
