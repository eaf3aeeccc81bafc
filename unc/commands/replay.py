"""`unc replay`: notify the reply service of a sender once more."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from unc.aws.connection import connect_for_change
from unc.aws.tables import Tables
from unc.commands.options import AsJson, require_sender
from unc.messages.replay import plan_replay, queue_replay, render_replay
from unc.terminal import out, print_json


def command(
    sender: Annotated[
        str, typer.Argument(help="4915555550199, or the id of a message as the logs name it")
    ],
    as_json: AsJson = False,
) -> None:
    """Notify the reply service of a sender once more; the user may get a second answer."""
    require_sender(sender)
    aws, resources = connect_for_change(as_json)
    planned = plan_replay(Tables(aws, resources), sender, time.time())
    queue_replay(aws, resources, planned)
    if as_json:
        print_json(planned.as_json())
        return
    for line in render_replay(planned):
        out.print(line)
