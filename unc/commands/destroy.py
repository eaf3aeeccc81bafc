"""`unc destroy`: remove the stack."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from unc.aws.connection import find_account
from unc.aws.resources import STACK
from unc.commands.options import AsJson
from unc.deploy import teardown
from unc.errors import BadInput
from unc.terminal import err, out, print_json, progress


def command(
    delete: Annotated[
        list[str] | None,
        typer.Option(help="A table or queue to delete with all it holds; repeatable."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A table or queue to leave in the account; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the stack, and the tables and queues that are empty or named."""
    aws = find_account(as_json)
    plan = teardown.plan_teardown(aws, STACK, delete or (), keep or ())
    show = err if as_json else out
    show.print(f"stack {STACK} goes, and with it:")
    for line in teardown.describe_plan(plan):
        show.print(line)
    if not yes:
        _confirm()
    teardown.destroy(aws, STACK, plan, progress)
    remains = teardown.describe_remains(aws, plan)
    if as_json:
        print_json({"stack": STACK, **plan.as_json(), "remains": remains})
        return
    for line in remains:
        out.print(line)


def _confirm() -> None:
    """Ask a person; raises BadInput where there is none, or the answer is another."""
    if not sys.stdin.isatty():
        raise BadInput("nobody is there to confirm", "say --yes")
    if input(f"Type {STACK} to go on: ").strip() != STACK:
        raise BadInput("not confirmed; nothing was changed")
