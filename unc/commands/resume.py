"""`unc resume`: end a pause, and have the reply service hear of the newest message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from unc.answering.resume import Resumption, resume_sender
from unc.answering.sessions import name_sender
from unc.aws.connection import connect_for_change
from unc.aws.tables import Tables
from unc.commands.options import AsJson, require_sender
from unc.terminal import out, print_json, printable


def command(
    sender: Annotated[
        str, typer.Argument(help="4915555550199, or the id of a message as the logs name it")
    ],
    as_json: AsJson = False,
) -> None:
    """End a sender's pause; the reply service hears once of the newest message that waits."""
    require_sender(sender)
    aws, resources = connect_for_change(as_json)
    tables = Tables(aws, resources)
    resumed = resume_sender(tables, name_sender(tables, sender), time.time())
    if as_json:
        print_json(resumed.as_json())
        return
    for line in render_resumption(resumed):
        out.print(line)


def render_resumption(resumed: Resumption) -> Iterator[str]:
    """Say what was lifted, and of which message the reply service hears now."""
    if not resumed.lifted:
        yield f"{resumed.sender_id} is not paused; nothing was changed."
        return
    yield f"{resumed.sender_id} is no longer paused."
    if resumed.own_limit:
        own = escape(printable(resumed.own_limit))
        yield f"The reply service itself limits the sender until {own} UTC; that stays."
    if resumed.message_id:
        yield f"queued: the newest message, {escape(resumed.message_id)}"
        yield f"next: unc trace {escape(resumed.message_id)}"
    else:
        yield "No message waits."
