"""`unc deploy`, `unc diff` and `unc destroy`: read arguments, call, print."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer

from unc.aws.connection import describe, find_target
from unc.aws.resources import STACK, read_outputs
from unc.aws.session import Aws
from unc.console import err, out, print_json, progress
from unc.deploy import teardown as farewells
from unc.deploy.change_set import Change
from unc.deploy.change_set_view import render_changes
from unc.deploy.deployment import Plan, unknown_resources
from unc.deploy.package import build_package
from unc.deploy.parameters import wished_parameters
from unc.deploy.rollout import describe_account, describe_steps, rehearse, roll_out
from unc.errors import BadInput
from unc.takeover.account import Account
from unc.takeover.boundary import read_told_until

ACCOUNT_VARIABLE = "AWS_ACCOUNT_ID"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE, a parameter of the template; repeatable."),
]
ToldUntil = Annotated[
    str | None,
    typer.Option(help="How far an older notifier told: all, none, or a moment with its zone."),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(help="A table or queue, by its name in the template, that may be made anew."),
]


def deploy(
    settings: Settings = None,
    dry_run: Annotated[bool, typer.Option(help="Print the plan; change nothing.")] = False,
    told_until: ToldUntil = None,
    replace: Replace = None,
    as_json: AsJson = False,
) -> None:
    """Bring code and template to the account; take over an older consumer that runs there.

    Names come from QUEUE_NAME, QUEUE_FUNCTION_NAME, DYNAMO_FUNCTION_NAME, DYNAMODB_CHAT_TABLE and
    DYNAMODB_SESSION_TABLE where these are set, else from the template.
    """
    aws, plan = prepare(settings, replace)
    if dry_run:
        print_plan(aws, plan, told_until, as_json)
        return
    roll_out(aws, plan, read_told_until(told_until), progress, tell_changes)
    outputs = read_outputs(aws, plan.stack)
    if as_json:
        print_json(outputs)
        return
    width = max(map(len, outputs), default=0)
    for name, value in outputs.items():
        out.print(f"{name:<{width}}  {value}", markup=False)


def diff(settings: Settings = None, as_json: AsJson = False) -> None:
    """Show what `unc deploy` would change, and leave everything as it is."""
    aws, plan = prepare(settings, None)
    print_plan(aws, plan, "all", as_json)


def destroy(
    delete: Annotated[
        list[str] | None,
        typer.Option(help="A table or queue to delete with all it holds; repeatable."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A table or queue to leave in the account; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the stack, and the tables and queues that are empty or named."""
    aws = find_account()
    farewell = farewells.plan_farewell(aws, STACK, delete or (), keep or ())
    out.print(f"stack {STACK} goes, and with it:")
    for line in farewells.describe_farewell(farewell):
        out.print(line)
    if not yes:
        confirm()
    farewells.destroy(aws, STACK, farewell, progress)
    for line in farewells.describe_remains(aws, farewell):
        out.print(line)


def find_account() -> Aws:
    """Find the account meant; raises BadInput when AWS_ACCOUNT_ID says that it is another."""
    aws = find_target()
    progress(describe(aws))
    wanted = os.environ.get(ACCOUNT_VARIABLE)
    if wanted and wanted != aws.account:
        raise BadInput(
            f"the credentials are those of account {aws.account}", f"{ACCOUNT_VARIABLE} is {wanted}"
        )
    return aws


def prepare(settings: Sequence[str] | None, replace: Sequence[str] | None) -> tuple[Aws, Plan]:
    """Find the account meant, and build what goes there."""
    parameters = wished_parameters(settings or ())
    aws = find_account()
    package = build_package()
    progress(f"packaged {package.path.name}: {package.files} files")
    plan = Plan(package, parameters, replaceable=tuple(replace or ()))
    for name in unknown_resources(plan):
        progress(f"--replace {name}: the template has no resource of that name")
    return aws, plan


def print_plan(aws: Aws, plan: Plan, told_until: str | None, as_json: bool) -> None:
    """Print what a deployment would do."""
    moment = read_told_until(told_until)
    account, changes = rehearse(aws, plan, moment, progress)
    if as_json:
        print_json(as_document(account, changes, moment))
    elif account.needs_takeover:
        for line in describe_steps(account, moment):
            out.print(line, markup=False)
    else:
        show_changes(changes)


def as_document(
    account: Account, changes: Sequence[Change], told_until: Decimal | None
) -> dict[str, Any]:
    """Return the plan for another program; before a takeover the changes are not known: null."""
    found = list(describe_account(account))
    steps = list(describe_steps(account, told_until))[len(found) :]
    return {
        "takeover": account.needs_takeover,
        "strays": [
            {"resource": one.resource, "type": one.type, "name": one.name} for one in account.strays
        ],
        "mappings": [vars(mapping) for mapping in account.mappings],
        "steps": steps if account.needs_takeover else [],
        "changes": None if account.needs_takeover else [vars(change) for change in changes],
    }


def show_changes(changes: Sequence[Change]) -> None:
    """Print a change set."""
    for line in render_changes(changes):
        out.print(line)


def tell_changes(changes: Sequence[Change]) -> None:
    """Say what is about to change; the deployment's result is something else."""
    for line in render_changes(changes):
        err.print(line)


def confirm() -> None:
    """Ask a person; raises BadInput where there is none, or the answer is another."""
    if not sys.stdin.isatty():
        raise BadInput("nobody is there to confirm", "say --yes")
    if input(f"Type {STACK} to go on: ").strip() != STACK:
        raise BadInput("not confirmed; nothing was changed")
