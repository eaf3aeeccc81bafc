"""`unc up`: run everything on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unc.commands.options import INCOMPLETE, AsJson
from unc.local.emulator_state import DEFAULT_PORT, LAST_PORT
from unc.local.up import UpOptions, run_up


def command(
    reply_url: Annotated[
        str | None, typer.Option(help="Your reply service; without it a stand-in replies.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=LAST_PORT,
            help=f"Where the emulator listens; {DEFAULT_PORT} unless given.",
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keep queues and tables here over a restart.")
    ] = None,
    quiet_seconds: Annotated[
        int,
        typer.Option(min=0, max=60, help="Notify when nothing has come from a sender for so long."),
    ] = 0,
    longest_wait_seconds: Annotated[
        int,
        typer.Option(min=1, max=900, help="Notify after so long however long somebody writes."),
    ] = 30,
    play: Annotated[bool, typer.Option(help="Play the sample messages first.")] = True,
    stay: Annotated[bool, typer.Option(help="Stay, and print what arrives.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run everything on this machine and play the samples through it."""
    parameters = {
        "ReplyQuietSeconds": str(quiet_seconds),
        "ReplyLongestWaitSeconds": str(longest_wait_seconds),
    }
    if not run_up(UpOptions(port, state, reply_url, play, stay, as_json, parameters)):
        raise typer.Exit(INCOMPLETE)
