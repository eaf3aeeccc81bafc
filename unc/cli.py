"""The commands of `unc`: read arguments, call one function each, print."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def describe() -> None:
    """Run the consumer on this machine, send it messages and see what became of them."""


def main() -> None:
    """Run the command line."""
    app()
