"""`unc logs`: print what both functions log."""

from __future__ import annotations

from typing import Annotated

import typer

from unc.aws.connection import connect
from unc.aws.logs import MOST_MINUTES, follow_lines, read_lines, render_line, since
from unc.console import out


def command(
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False,
    minutes: Annotated[
        float, typer.Option(min=0, max=MOST_MINUTES, help="How far back to start.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as logged.")] = False,
) -> None:
    """Print what both functions log, merged in time."""
    aws, resources = connect()
    read = follow_lines if follow else read_lines
    try:
        for line in read(aws, resources.functions(), since(minutes)):
            if as_json:
                print(line.text, flush=True)
            else:
                out.print(render_line(line))
    except KeyboardInterrupt:
        return
