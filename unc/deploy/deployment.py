"""Bring infra/template.yaml up in an account: upload the zip, then one change set, then wait.

The zip lies under a key made of its content, so the same code changes nothing. Nothing is kept
between runs but what AWS keeps: a run that was cut off is simply done again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from unc import project
from unc.aws.resources import STACK, Resources, read_resources
from unc.aws.session import Aws
from unc.deploy.change_set import (
    Change,
    ChangeSet,
    Kind,
    Wanted,
    clear_refusals,
    create_change_set,
    discard_change_set,
    execute_change_set,
    update_directly,
)
from unc.deploy.code_bucket import (
    bucket_name,
    code_key,
    ensure_bucket,
    template_argument,
    upload_package,
)
from unc.deploy.concurrency import check_concurrency
from unc.deploy.package import Package
from unc.deploy.parameters import settle_parameters
from unc.deploy.stack_events import Progress, await_stack, newest_event
from unc.deploy.stack_state import exists, require_whole, settle_stack
from unc.errors import DeployFailed

Show = Callable[[Sequence[Change]], None]
_RESOURCE_NAME = re.compile(r"^  (\w+):", re.MULTILINE)


def show_nothing(changes: Sequence[Change]) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Plan:
    """What to bring up: code, parameters of the template, and under which stack name.

    `attach` False leaves the functions without event sources; `replaceable` names resources that
    may be made anew although they hold data.
    """

    package: Package
    parameters: Mapping[str, str]
    stack: str = STACK
    template: Path = project.TEMPLATE
    attach: bool = True
    replaceable: Sequence[str] = field(default=())


def deploy(aws: Aws, plan: Plan, progress: Progress, show: Show = show_nothing) -> Resources:
    """Create or update the stack; raises DeployFailed with what failed first and why."""
    settle_stack(aws, plan.stack, progress)
    change_set = propose(aws, plan)
    if change_set:
        show(change_set.changes)
        carry_out(aws, change_set, progress)
    elif not _apply_conditions(aws, plan, progress):
        progress("nothing changes")
    return read_resources(aws, plan.stack)


def propose(aws: Aws, plan: Plan) -> ChangeSet | None:
    """Upload what the stack needs and ask what would change; None when nothing would.

    Raises DeployFailed for a change that would lose a table, a queue or a position in the stream.
    """
    ensure_bucket(aws)
    upload_package(aws, plan.package)
    change_set = compare(aws, plan)
    refusals = find_losses(change_set.changes if change_set else (), plan.replaceable)
    if change_set and refusals:
        discard_change_set(aws, change_set)
        raise refusals[0]
    return change_set


def find_losses(changes: Iterable[Change], replaceable: Sequence[str]) -> list[DeployFailed]:
    """Return an error for each change that would lose something nobody has agreed to lose."""
    return [
        DeployFailed(
            f"{change.resource} would be {'replaced' if change.replaces else 'let go'}, and "
            f"{_what_is_lost(change)}",
            f"to do it all the same: --replace {change.resource}",
        )
        for change in changes
        if (change.loses_data() or change.loses_position()) and change.resource not in replaceable
    ]


def _what_is_lost(change: Change) -> str:
    if change.loses_data():
        return "what it holds would not come along"
    return "its position in the stream would be lost: keep StreamStartingPosition as it is"


def preview(aws: Aws, plan: Plan, progress: Progress) -> Sequence[Change]:
    """Return what a deployment would change, and leave everything as it was."""
    require_whole(aws, plan.stack, progress)
    change_set = compare(aws, plan)
    if change_set is None:
        return ()
    discard(aws, change_set)
    return change_set.changes


def compare(aws: Aws, plan: Plan) -> ChangeSet | None:
    """Ask CloudFormation what would change."""
    return create_change_set(aws, _want(aws, plan))


def _want(aws: Aws, plan: Plan) -> Wanted:
    """Say what the stack shall be."""
    template = template_argument(aws, read_template(plan.template))
    own = {
        "CodeBucket": bucket_name(aws),
        "CodeKey": code_key(plan.package),
        "AttachEventSources": str(plan.attach).lower(),
        # An emulator refuses an alarm that computes with metrics.
        "ComputedAlarms": str(aws.endpoint is None).lower(),
    }
    with clear_refusals():
        parameters = settle_parameters(aws, plan.stack, template, plan.parameters, own)
    check_concurrency(aws, plan.stack, parameters)
    kind: Kind = "UPDATE" if exists(aws, plan.stack) else "CREATE"
    return Wanted(plan.stack, kind, template, parameters)


def _apply_conditions(aws: Aws, plan: Plan, progress: Progress) -> bool:
    """Let an emulator decide the template's conditions anew; say whether it had to.

    AWS sees in a change set that a parameter adds a resource by its condition; emulators may not.
    """
    if aws.endpoint is None:
        return False
    before = newest_event(aws, plan.stack)
    if not update_directly(aws, _want(aws, plan)):
        return False
    await_stack(aws, plan.stack, before, progress)
    return True


def carry_out(aws: Aws, change_set: ChangeSet, progress: Progress) -> None:
    """Execute a change set and follow it to its end."""
    before = newest_event(aws, change_set.stack)
    execute_change_set(aws, change_set)
    await_stack(aws, change_set.stack, before, progress)


def discard(aws: Aws, change_set: ChangeSet) -> None:
    """Throw a change set away, and with it the empty stack that asking for it has made.

    Credentials that may only read cannot delete it; an empty stack does no harm later.
    """
    discard_change_set(aws, change_set)
    if not exists(aws, change_set.stack):
        with contextlib.suppress(ClientError):
            aws.cloudformation.delete_stack(StackName=change_set.stack)


def unknown_resources(plan: Plan) -> list[str]:
    """Return what may be replaced and is not in the template; a stack may still hold it."""
    return sorted(set(plan.replaceable) - resource_names(read_template(plan.template)))


def resource_names(template: str) -> set[str]:
    """Return the logical names in a template that is written as ours."""
    resources = template.partition("\nResources:\n")[2]
    end = re.search(r"^\S", resources, re.MULTILINE)
    return set(_RESOURCE_NAME.findall(resources[: end.start() if end else None]))


def read_template(path: Path) -> str:
    """Return the template's text; raises DeployFailed when there is none."""
    try:
        return path.read_text()
    except OSError as error:
        raise DeployFailed(f"cannot read {path.name}: {error.strerror}") from error
