"""`unc webhook`: try the intake."""

from __future__ import annotations

from typing import Annotated

import typer

from unc.aws.connection import connect_for_change
from unc.commands.options import INCOMPLETE, AsJson
from unc.messages.follow import follow, make_tracker
from unc.messages.message import write_message
from unc.messages.send import DEFAULT_ADDRESS
from unc.messages.tracker_view import print_tracker
from unc.messages.webhook import RETRY_SETTINGS, find_intake, require_accepted
from unc.running import notifies_elsewhere
from unc.terminal import out, print_json

app = typer.Typer(no_args_is_help=True, help="Try the intake as Twilio would use it.")


@app.command("check")
def check(
    address: Annotated[str, typer.Option("--from", help="Who the trial message is from.")] = (
        DEFAULT_ADDRESS
    ),
    body: Annotated[str, typer.Option(help="What the trial message says.")] = "trial",
    wait: Annotated[float, typer.Option(min=0, help="Seconds to watch what becomes of it.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Sign a trial message with the auth token, send it to the intake and show how far it comes.

    It is a real message: it is stored, and the reply service answers it.
    """
    aws, resources = connect_for_change(as_json)
    intake = find_intake(aws, resources)
    message = write_message(address, body)
    tracker = make_tracker(aws, resources, [message], notifies_elsewhere(aws.endpoint))
    answer = intake.post(message.body)
    if not as_json:
        out.print(f"{intake.signed_url} answered {answer.status}", markup=False)
    require_accepted(answer)
    tracker.start([message])
    is_well = follow(tracker, wait)
    if as_json:
        progress = tracker.messages[0].as_json()
        print_json({"url": intake.signed_url, "status": answer.status, **progress})
    else:
        print_tracker(tracker)
        out.print(f"at Twilio: {intake.signed_url}{RETRY_SETTINGS}", markup=False)
    if wait > 0 and not is_well:
        raise typer.Exit(INCOMPLETE)
