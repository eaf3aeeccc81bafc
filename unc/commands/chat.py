"""`unc chat`: print a conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from unc.aws.connection import connect
from unc.aws.tables import Tables
from unc.commands.options import AsJson, require_sender
from unc.messages.conversation import read_conversation, render_conversation
from unc.terminal import out, print_json


def command(
    sender: Annotated[str, typer.Argument(help="4915555550199, or whatsapp:+4915555550199")],
    as_json: AsJson = False,
) -> None:
    """Print a sender's conversation."""
    require_sender(sender)
    aws, resources = connect()
    found = read_conversation(Tables(aws, resources), sender)
    if as_json:
        print_json(found.as_json())
        return
    for line in render_conversation(found):
        out.print(line)
