"""`unc deploy`: bring code and template to the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from unc.aws.resources import read_outputs
from unc.commands.options import AsJson, Settings
from unc.deploy.change_set import Change
from unc.deploy.concurrency import room_for_intake
from unc.deploy.plan_view import print_plan, render_changes, render_webhook
from unc.deploy.rollout import prepare_plan, roll_out
from unc.takeover.boundary import read_notified_until
from unc.terminal import err, out, print_json, progress

_NotifiedUntil = Annotated[
    str | None,
    typer.Option(help="How far a legacy notifier notified: all, none, or a moment with its zone."),
]
_Replace = Annotated[
    list[str] | None,
    typer.Option(help="A table or queue, by its name in the template, that may be made anew."),
]


def command(
    settings: Settings = None,
    dry_run: Annotated[bool, typer.Option(help="Print the plan; change nothing.")] = False,
    notified_until: _NotifiedUntil = None,
    replace: _Replace = None,
    as_json: AsJson = False,
) -> None:
    """Bring code and template to the account; take over a legacy consumer that runs there.

    Names come from QUEUE_NAME, QUEUE_FUNCTION_NAME, DYNAMO_FUNCTION_NAME, DYNAMODB_CHAT_TABLE and
    DYNAMODB_SESSION_TABLE where these are set, else from the template. The reply service's address
    comes from REPLY_SERVICE_URL or --set ReplyServiceUrl=…; a first deployment wants one of them.
    """
    aws, plan = prepare_plan(settings, replace, as_json)
    if dry_run:
        print_plan(aws, plan, notified_until, as_json)
        return
    roll_out(aws, plan, read_notified_until(notified_until), progress, _show_changes)
    outputs = read_outputs(aws, plan.stack)
    if as_json:
        print_json(outputs)
        return
    width = max(map(len, outputs), default=0)
    for name, value in outputs.items():
        out.print(f"{name:<{width}}  {value}", markup=False)
    for line in render_webhook(outputs, lambda: room_for_intake(aws, plan.stack)):
        out.print(line, markup=False)


def _show_changes(changes: Sequence[Change]) -> None:
    """Print the changes to stderr; stdout is for the result."""
    for line in render_changes(changes):
        err.print(line)
