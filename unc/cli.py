"""The commands of `unc`: read arguments, call one function each, print.

Results go to stdout, progress to stderr. Exit codes: 0 done, 1 refused, 2 bad input, 3 set-up
missing, 4 emulator, 5 deployment, 6 nothing to talk to, 7 done but not all the way (in time).
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from typer.exceptions import TyperException

from consumer.webhook.address import parse_address
from unc.aws import logs, status
from unc.aws.connection import connect, explain
from unc.aws.tables import Tables
from unc.commands import deploy as deploy_commands
from unc.commands import dlq as dead_letters
from unc.commands.cost import cost
from unc.commands.send import send
from unc.console import complain, err, out, print_json
from unc.errors import BadInput, UncError
from unc.local.emulator_state import DEFAULT_PORT, LAST_PORT
from unc.local.up import Wishes, run_up
from unc.messages import conversation, replay
from unc.usage import is_call_for_help, usage_error

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(dead_letters.app, name="dlq")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


@app.callback()
def start() -> None:
    """Run the consumer on this machine, send it messages and see what became of them.

    All but `up` talk to what AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL
    name, else to the `unc up` that runs on this machine.
    """


@app.command()
def up(
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
    play: Annotated[bool, typer.Option(help="Play the sample messages first.")] = True,
    stay: Annotated[bool, typer.Option(help="Stay, and print what arrives.")] = True,
) -> None:
    """Run everything on this machine and play the samples through it."""
    run_up(Wishes(port, state, reply_url, play, stay))


app.command()(send)


@app.command("status")
def show_status(as_json: AsJson = False) -> None:
    """Show queues, tables and functions at a glance."""
    aws, resources = connect()
    found = status.read_status(aws, resources)
    if as_json:
        print_json(found.as_json())
        return
    for table in status.render_status(found):
        out.print(table)
        out.print()


@app.command()
def chat(
    sender: Annotated[str, typer.Argument(help="4915555550199, or whatsapp:+4915555550199")],
    as_json: AsJson = False,
) -> None:
    """Print a sender's conversation."""
    refuse_blank(sender)
    aws, resources = connect()
    found = conversation.read_conversation(Tables(aws, resources), sender)
    if as_json:
        print_json(found.as_json())
        return
    for line in conversation.render_conversation(found):
        out.print(line)


@app.command("replay")
def replay_sender(
    sender: Annotated[
        str, typer.Argument(help="4915555550199, or the id of a message as the logs name it")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell the reply service about a sender once more, on purpose; may bring a second answer."""
    refuse_blank(sender)
    aws, resources = connect()
    planned = replay.plan_replay(Tables(aws, resources), sender, time.time())
    replay.queue_replay(aws, resources, planned)
    if as_json:
        print_json(planned.as_json())
        return
    for line in replay.render_replay(planned):
        out.print(line)


@app.command("logs")
def show_logs(
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False,
    minutes: Annotated[
        float, typer.Option(min=0, max=logs.MOST_MINUTES, help="How far back to start.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as logged.")] = False,
) -> None:
    """Print what both functions log, merged in time."""
    aws, resources = connect()
    read = logs.follow_lines if follow else logs.read_lines
    try:
        for line in read(aws, resources.functions(), logs.since(minutes)):
            if as_json:
                print(line.text, flush=True)
            else:
                out.print(logs.render_line(line))
    except KeyboardInterrupt:
        return


for command in (deploy_commands.deploy, deploy_commands.diff, deploy_commands.destroy, cost):
    app.command()(command)


def refuse_blank(sender: str) -> None:
    """Raise BadInput when nobody is named."""
    if not parse_address(sender).id:
        raise BadInput("SENDER is empty", "for example: 4915555550199")


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; errors become one line and an exit code, never a traceback."""
    try:
        heed_ctrl_c()
        ended = app(args=arguments, prog_name="unc", standalone_mode=False)
    except KeyboardInterrupt:
        err.print("[dim]· interrupted[/dim]")
        return 130
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except TyperException as refused:
        return 2 if is_call_for_help(refused) else fail(usage_error(refused))
    except Exception as error:
        if os.environ.get("UNC_TRACEBACK"):
            raise
        return fail(error)
    return ended if isinstance(ended, int) else 0


def heed_ctrl_c() -> None:
    """Let a Ctrl-C raise from here on: everything is imported, and what was begun is cleaned up."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def fail(error: Exception) -> int:
    """Say what went wrong in one line; return the exit code."""
    if isinstance(error, (BotoCoreError, ClientError, ResponseParserError)):
        error = explain(error)
    if not isinstance(error, UncError):
        error = UncError(
            f"unexpected {type(error).__name__}: {error}", "UNC_TRACEBACK=1 shows where"
        )
    complain(error)
    return error.exit_code
