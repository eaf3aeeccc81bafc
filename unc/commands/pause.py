"""`unc pause`: let nobody answer a sender for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from unc.answering.duration import read_duration
from unc.answering.pause import AFTERWARDS, NOT_HELD, Pause, pause_sender
from unc.answering.sessions import name_sender
from unc.aws.connection import connect_for_change
from unc.aws.tables import Tables
from unc.commands.options import AsJson, require_sender
from unc.terminal import out, print_json, printable


def command(
    sender: Annotated[
        str, typer.Argument(help="4915555550199, or the id of a message as the logs name it")
    ],
    duration: Annotated[str, typer.Option("--for", help="30m, 2h, 1d, 1h30m …, from now on.")],
    as_json: AsJson = False,
) -> None:
    """Have the reply service hear nothing of a sender for a while; messages are stored."""
    require_sender(sender)
    seconds = read_duration("--for", duration)
    aws, resources = connect_for_change(as_json)
    tables = Tables(aws, resources)
    paused = pause_sender(tables, name_sender(tables, sender), seconds, time.time())
    if as_json:
        print_json(paused.as_json())
        return
    for line in render_pause(paused):
        out.print(line)


def render_pause(pause: Pause) -> Iterator[str]:
    """Say until when the sender is paused, and what the pause does not hold."""
    own = escape(printable(pause.own_limit or ""))
    if not pause.is_written:
        yield f"The reply service itself limits {pause.sender_id} until {own} UTC, which is longer."
        yield "Nothing was written."
        return
    yield f"{pause.sender_id} is paused until {pause.until} UTC."
    if pause.before:
        yield f"It was paused until {pause.before} UTC before."
    if own:
        yield f"The reply service's own limit, until {own}, stands again after unc resume."
    yield f"[dim]{AFTERWARDS}[/dim]"
    yield "A pause does not hold:"
    for each in NOT_HELD:
        yield f"- {each}"
    yield f"next: unc resume {pause.sender_id}"
