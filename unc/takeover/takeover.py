"""From an older consumer to this one, in an order in which nothing is lost or told twice.

1. Import what is there, as it is. Nothing stops.
2. Ask what the update would change; refuse here what cannot be.
3. Switch off what reads the queue. Wait until the older notifier has told all that is stored,
   note that boundary, switch it off too.
4. Update everything but the event sources. When that fails, CloudFormation puts the older code
   back, and the older mappings go on where they stood.
5. Write down who was told, delete the older mappings, attach the new ones: the notifier's reads
   the stream from its start, and finds of each older message that it was told.

Each step can be done again: a run that was cut off is repeated from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.deploy.change_set import create_change_set
from unc.deploy.code_bucket import ensure_bucket
from unc.deploy.deployment import Plan, Show, carry_out, deploy, discard, propose
from unc.errors import BadInput
from unc.takeover import boundary as boundaries
from unc.takeover.account import Account, count_untold
from unc.takeover.drain import await_all_told, stop_storing
from unc.takeover.function_properties import keep_code
from unc.takeover.import_template import Import, describe_strays, hold_on
from unc.takeover.mappings import LIMIT_SECONDS, delete, switch
from unc.takeover.preconditions import require_no_obstacles
from unc.takeover.rollback import (
    left_for_another_run,
    older_again_on_failure,
    readers_again_on_failure,
)

Progress = Callable[[str], None]


def take_over(
    aws: Aws,
    plan: Plan,
    account: Account,
    told_until: Decimal | None,
    progress: Progress,
    show: Show,
    patience_seconds: float = LIMIT_SECONDS,
) -> Resources:
    """Do all of it; raises DeployFailed, or BadInput when only a person can decide.

    `patience_seconds` is how long the older notifier may take to tell all that is stored.
    """
    require_decision(aws, account, told_until)
    if account.is_attached:
        return retire(aws, plan, account, progress, show)
    if account.strays:
        import_strays(aws, plan, account, progress, show)
    detached = replace(plan, attach=False)
    change_set = propose(aws, detached)
    with left_for_another_run(progress, KeyboardInterrupt):
        with readers_again_on_failure(aws, account, progress):
            until = find_boundary(aws, account, told_until, progress, patience_seconds)
            # Noted before the notifier goes off: afterwards nothing tells how far it came.
            boundaries.keep_boundary(aws, plan.stack, until)
        switch(aws, account.tellers, on=False)
        if change_set:
            show(change_set.changes)
            with older_again_on_failure(aws, plan, account, progress):
                carry_out(aws, change_set, progress)
        with left_for_another_run(progress, Exception):
            hand_over(aws, account, until, progress)
            resources = deploy(aws, plan, progress, show)
    boundaries.forget_boundary(aws, plan.stack)
    return resources


def require_decision(aws: Aws, account: Account, told_until: Decimal | None) -> None:
    """Raise BadInput where nobody knows what the older notifier has told."""
    untold = count_untold(aws, account) if told_until is None else 0
    if untold:
        raise BadInput(
            f"{untold} recent chats are stored and the older notifier is off: nobody knows "
            "how far it told",
            "say it: --told-until all, none, or a moment such as 2026-11-22T10:00:00+00:00",
        )


def retire(aws: Aws, plan: Plan, account: Account, progress: Progress, show: Show) -> Resources:
    """Switch off older mappings beside a stack that is at work; they are not ours to delete."""
    for mapping in account.mappings:
        progress(f"switching off {mapping.function}'s event source {mapping.id}: ours is attached")
    switch(aws, account.mappings, on=False)
    boundaries.forget_boundary(aws, plan.stack)
    return deploy(aws, plan, progress, show)


def import_strays(aws: Aws, plan: Plan, account: Account, progress: Progress, show: Show) -> None:
    """Let the stack take hold of what is there, as it is."""
    found = describe(aws, plan, account)
    ensure_bucket(aws)
    for function in found.functions:
        keep_code(aws, function)
    change_set = create_change_set(aws, found.wanted(aws, plan.stack))
    if change_set:
        progress("taking hold of what is there; nothing of it changes")
        show(change_set.changes)
        carry_out(aws, change_set, progress)


def try_import(aws: Aws, plan: Plan, account: Account) -> None:
    """Ask CloudFormation whether it would take the import; raises DeployFailed when not."""
    if account.strays:
        change_set = create_change_set(aws, describe(aws, plan, account).wanted(aws, plan.stack))
        if change_set:
            discard(aws, change_set)


def describe(aws: Aws, plan: Plan, account: Account) -> Import:
    """Describe the strays; raises DeployFailed for one that the stack could not keep as it is."""
    found = describe_strays(aws, account.strays, account.parameters)
    require_no_obstacles(aws, account.strays, found)
    if account.owned:
        hold_on(aws, plan.stack, account.named, found)
    return found


def find_boundary(
    aws: Aws,
    account: Account,
    told_until: Decimal | None,
    progress: Progress,
    patience_seconds: float,
) -> Decimal:
    """Stop the older queue function; return up to where the older notifier has told then."""
    stop_storing(aws, account.readers, account.name("Queue"), progress)
    awake = [mapping for mapping in account.tellers if not mapping.is_off]
    if told_until is not None:
        return told_until
    if awake:
        return await_all_told(aws, awake, account.name("ChatTable"), progress, patience_seconds)
    return boundaries.NONE if account.boundary is None else account.boundary


def hand_over(aws: Aws, account: Account, until: Decimal, progress: Progress) -> None:
    """Write down who was told, then make room for the new event sources."""
    told = boundaries.read_inbound(aws, account.name("ChatTable"), until)
    progress(f"noting {told.count} older messages of {len(told.newest)} senders as told")
    boundaries.note_as_told(aws, account.name("NotificationTable"), told)
    delete(aws, account.mappings)
