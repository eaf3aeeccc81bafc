"""The commands of `unc`, registered by name."""

from __future__ import annotations

import typer

from unc.commands import (
    chat,
    cost,
    deploy,
    destroy,
    diff,
    dlq,
    logs,
    replay,
    send,
    status,
    up,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def start() -> None:
    """Run the consumer on this machine, send it messages and see what became of them.

    All but `up` talk to what AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL
    name, else to the `unc up` that runs on this machine.
    """


app.command("up")(up.command)
app.command("send")(send.command)
app.command("status")(status.command)
app.command("chat")(chat.command)
app.command("replay")(replay.command)
app.command("logs")(logs.command)
app.command("deploy")(deploy.command)
app.command("diff")(diff.command)
app.command("destroy")(destroy.command)
app.command("cost")(cost.command)
app.add_typer(dlq.app, name="dlq")
