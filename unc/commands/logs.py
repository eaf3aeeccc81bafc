"""`unc logs`: print what the functions log."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.masking import mask
from unc.aws.connection import connect
from unc.aws.logs import (
    LEVELS,
    MOST_MINUTES,
    Wanted,
    follow_lines,
    read_lines,
    render_line,
    since,
)
from unc.commands.options import require_sender
from unc.errors import BadInput
from unc.messages.sender import read_sender
from unc.terminal import out


def command(
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False,
    minutes: Annotated[
        float, typer.Option(min=0, max=MOST_MINUTES, help="How far back to start.")
    ] = 10.0,
    level: Annotated[
        str | None, typer.Option(help=f"From this level on: {' | '.join(LEVELS)}.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Warnings and errors only.")] = False,
    sender: Annotated[
        str | None,
        typer.Option(help="Lines of this sender; the log has the last four characters only."),
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="Lines with this message, session or request.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as logged.")] = False,
) -> None:
    """Print what the functions log, merged in time."""
    wanted = read_wanted(level, errors, sender, id)
    aws, resources = connect()
    read = follow_lines if follow else read_lines
    try:
        for line in read(aws, resources.functions(), since(minutes)):
            if not wanted.has(line):
                continue
            if as_json:
                print(line.text, flush=True)
            else:
                out.print(render_line(line))
    except KeyboardInterrupt:
        return


def read_wanted(level: str | None, errors: bool, sender: str | None, id: str | None) -> Wanted:
    """Read which lines are wanted; raises BadInput for a level that there is not."""
    if level is not None and errors:
        raise BadInput("--errors is a level of its own: leave out --level")
    least = "WARNING" if errors else (level or "").upper()
    if least and least not in LEVELS:
        raise BadInput(f"there is no level {level}", f"--level {' | '.join(LEVELS)}")
    if sender is not None:
        require_sender(sender)
    return Wanted(least, mask(read_sender(sender)) if sender else "", (id or "").strip())
