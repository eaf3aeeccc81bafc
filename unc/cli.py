"""The commands of `unc`, registered by name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from unc import project
from unc.commands import (
    answering,
    chat,
    console,
    cost,
    deploy,
    destroy,
    diff,
    dlq,
    export,
    forget,
    logs,
    package,
    pause,
    replay,
    restore,
    resume,
    send,
    status,
    trace,
    up,
    webhook,
)
from unc.terminal import out

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    """Print the version of the installed project, and end."""
    if wanted:
        out.print(version(project.PROGRAM))
        raise typer.Exit


@app.callback()
def start(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Run the consumer on this machine, send it messages and see what became of them.

    All but `up` talk to what AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL
    name, else to the `unc up` that runs on this machine.
    """


app.command("up")(up.command)
app.command("send")(send.command)
app.command("status")(status.command)
app.command("trace")(trace.command)
app.command("chat")(chat.command)
app.command("replay")(replay.command)
app.command("restore")(restore.command)
app.command("pause")(pause.command)
app.command("resume")(resume.command)
app.command("export")(export.command)
app.command("forget")(forget.command)
app.command("console")(console.command)
app.command("logs")(logs.command)
app.command("deploy")(deploy.command)
app.command("package")(package.command)
app.command("diff")(diff.command)
app.command("destroy")(destroy.command)
app.command("cost")(cost.command)
app.add_typer(dlq.app, name="dlq")
app.add_typer(answering.app, name="answering")
app.add_typer(webhook.app, name="webhook")
