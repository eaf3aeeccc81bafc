"""`unc deploy`: whatever is in the account, bring it to the template.

Nothing there: create. The stack there: update. A legacy consumer there: take it over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from unc.answering.stop import keep_stopped
from unc.aws.connection import find_account
from unc.aws.mappings import LIMIT_SECONDS
from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.aws.tables import Tables
from unc.deploy.change_set import Change
from unc.deploy.code_bucket import template_argument
from unc.deploy.deployment import (
    Plan,
    Show,
    deploy,
    preview,
    read_template,
    unknown_resources,
)
from unc.deploy.destination import find_destination
from unc.deploy.package import build_package
from unc.deploy.parameters import settle_parameters, wished_parameters
from unc.deploy.stack_events import Progress
from unc.deploy.stack_state import require_whole, settle_stack
from unc.takeover.account import Account, look_around
from unc.takeover.keys import check_keys
from unc.takeover.takeover import require_decision, take_over, try_import
from unc.terminal import progress


def prepare_plan(
    settings: Sequence[str] | None, replace: Sequence[str] | None, as_json: bool
) -> tuple[Aws, Plan]:
    """Find the account meant, and build what goes there."""
    parameters = wished_parameters(settings or ())
    aws = find_account(as_json)
    package = build_package()
    progress(f"packaged {package.path.name}: {package.files} files")
    plan = Plan(package, parameters, replaceable=tuple(replace or ()))
    for name in unknown_resources(plan):
        progress(f"--replace {name}: the template has no resource of that name")
    return aws, plan


def roll_out(
    aws: Aws,
    plan: Plan,
    notified_until: Decimal | None,
    progress: Progress,
    show: Show,
    drain_limit_seconds: float = LIMIT_SECONDS,
) -> Resources:
    """Deploy, taking over first what belongs to no stack; raises DeployFailed and BadInput."""
    settle_stack(aws, plan.stack, progress)
    account = _survey(aws, plan)
    destination = find_destination(aws, plan, account.parameters)
    progress(destination.sentence)
    destination.require_said()
    if not account.needs_takeover:
        resources = deploy(aws, plan, progress, show)
        keep_stopped(Tables(aws, resources), progress)
        return resources
    for line in describe_account(account):
        progress(line)
    resources = take_over(aws, plan, account, notified_until, progress, show, drain_limit_seconds)
    for leftover in account.leftovers:
        progress(f"left alone, no longer needed: {leftover}")
    return resources


def rehearse(
    aws: Aws, plan: Plan, notified_until: Decimal | None, progress: Progress
) -> tuple[Account, tuple[Change, ...]]:
    """Find out what `roll_out` would do, as far as can be known beforehand; change nothing."""
    require_whole(aws, plan.stack, progress)
    account = _survey(aws, plan)
    if account.needs_takeover:
        require_decision(aws, account, notified_until)
        try_import(aws, plan, account, progress)
        return account, ()
    return account, tuple(preview(aws, plan, progress))


def _survey(aws: Aws, plan: Plan) -> Account:
    """Look at the account with the names that the deployment will use.

    Raises DeployFailed for what the deployment could not use; see `check_keys`.
    """
    template = template_argument(aws, read_template(plan.template))
    parameters = settle_parameters(aws, plan.stack, template, plan.parameters, {})
    account = look_around(aws, plan.stack, parameters)
    if account.unmanaged or not account.owned:
        check_keys(aws, account, read_template(plan.template))
    return account


def describe_account(account: Account) -> Iterator[str]:
    """Say what was found."""
    for one in account.unmanaged:
        yield f"found, made without a stack: {one.title}"
    for mapping in account.mappings:
        source = "the chats' stream" if mapping.reads_stream else "the queue"
        state = mapping.state.lower()
        yield f"found: {source} feeds {mapping.function} by event source {mapping.id}, {state}"
    if account.boundary is not None:
        yield "found: an earlier takeover that was not finished"


def describe_steps(account: Account, notified_until: Decimal | None) -> Iterator[str]:
    """Say what a takeover would do, step by step."""
    yield from describe_account(account)
    if account.is_attached:
        yield "would switch those event sources off: the stack's own are attached"
        return
    if account.unmanaged:
        yield f"1. import {len(account.unmanaged)} resources into the stack as they are"
    yield "2. switch off what reads the queue; messages wait there"
    if notified_until is None and any(not mapping.is_off for mapping in account.stream_mappings):
        yield "3. wait until the legacy notifier has caught up, then switch it off"
    else:
        yield "3. take as notified what --notified-until, an earlier run or notifications say"
    yield "4. update tables, queues and functions; on a failure the legacy consumer goes on"
    yield (
        "5. mark earlier messages as notified, delete the legacy event sources, attach the new ones"
    )
    for leftover in account.leftovers:
        yield f"would leave alone: {leftover}"
