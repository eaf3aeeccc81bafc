"""`unc console`: see and act in a browser."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from unc.aws.connection import connect_for_change
from unc.commands.options import AsJson
from unc.terminal import out, print_json


def command(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where it listens; 0 takes a free port.")
    ] = 4580,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address, and open no browser.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show conversations, dead letters and what becomes of messages in a browser.

    The page is on 127.0.0.1, for whatever stack the other commands talk to. Ctrl-C ends it.
    With --json the address is printed for another program, and no browser is opened.
    """
    # Half of the tool's time to start would be these.
    from unc.console.server import bind, open_browser, serve

    aws, resources = connect_for_change(as_json)
    listener = bind(port)

    def show(address: str) -> None:
        if as_json:
            print_json({"address": address})
            sys.stdout.flush()
            return
        out.print("[bold]The console is open[/bold]; this address lets one browser in, once:")
        out.print(f"  {escape(address)}", highlight=False)
        out.print("[dim]Ctrl-C ends it.[/dim]")
        if not no_open:
            open_browser(address)

    serve(aws, resources, listener, show)
