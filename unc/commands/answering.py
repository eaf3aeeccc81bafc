"""`unc answering`: stop and start answering for the whole stack."""

from __future__ import annotations

import time

import typer

from unc.answering.stop import STOPPED, read_answering, start_answering, stop_answering
from unc.aws.connection import connect, connect_for_change
from unc.aws.tables import Tables
from unc.commands.options import AsJson
from unc.terminal import out, print_json, progress

app = typer.Typer(no_args_is_help=True, help="Stop and start answering for the whole stack.")


@app.command("stop")
def stop(as_json: AsJson = False) -> None:
    """Make no POST from now on; messages are stored."""
    found = stop_answering(Tables(*connect_for_change(as_json)), time.time(), progress)
    if as_json:
        print_json(found.as_json())
        return
    out.print(f"answering: {found.sentence()}")
    out.print(STOPPED)


@app.command("start")
def start(as_json: AsJson = False) -> None:
    """Answer again: the reply service hears once of each person's newest message."""
    started = start_answering(Tables(*connect_for_change(as_json)), time.time(), progress)
    if as_json:
        print_json(started.as_json())
        return
    out.print(started.sentence())


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Say whether answering is on, or since when it is stopped."""
    found = read_answering(Tables(*connect()))
    if as_json:
        print_json(found.as_json())
        return
    out.print(f"answering: {found.sentence()}")
