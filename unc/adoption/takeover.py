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

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from unc.adoption import boundary as boundaries
from unc.adoption.account import Account, count_untold
from unc.adoption.function_as_is import keep_code
from unc.adoption.import_template import Import, describe_strays
from unc.adoption.mappings import delete, switch
from unc.adoption.obstacles import require_no_obstacles
from unc.adoption.standstill import await_all_told, stop_storing
from unc.aws import Aws
from unc.change_set import create_change_set
from unc.code_bucket import ensure_bucket
from unc.deployment import Plan, Show, carry_out, deploy, discard, propose
from unc.errors import BadInput, DeployFailed
from unc.resources import Resources
from unc.stack_events import read_status
from unc.stack_state import exists

Progress = Callable[[str], None]


def take_over(
    aws: Aws,
    plan: Plan,
    account: Account,
    told_until: Decimal | None,
    progress: Progress,
    show: Show,
) -> Resources:
    """Do all of it; raises DeployFailed, or BadInput when only a person can decide."""
    require_decision(aws, account, told_until)
    if account.is_attached:
        return retire(aws, plan, account, progress, show)
    if account.strays:
        import_strays(aws, plan, account, progress, show)
    detached = replace(plan, attach=False)
    change_set = propose(aws, detached)
    with left_for_another_run(progress):
        until = bring_to_standstill(aws, plan, account, told_until, progress)
        if change_set:
            show(change_set.changes)
            with older_again_on_failure(aws, plan, account, progress):
                carry_out(aws, change_set, progress)
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
    found = describe(aws, account)
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
    if account.strays and not exists(aws, plan.stack):
        change_set = create_change_set(aws, describe(aws, account).wanted(aws, plan.stack))
        if change_set:
            discard(aws, change_set)


def describe(aws: Aws, account: Account) -> Import:
    """Describe the strays; raises DeployFailed for one that the stack could not keep as it is."""
    found = describe_strays(aws, account.strays, account.parameters)
    require_no_obstacles(aws, account.strays, found)
    return found


def bring_to_standstill(
    aws: Aws, plan: Plan, account: Account, told_until: Decimal | None, progress: Progress
) -> Decimal:
    """Stop the older consumer; return up to where it has told."""
    stop_storing(aws, account.readers, account.name("Queue"), progress)
    awake = [mapping for mapping in account.tellers if not mapping.is_off]
    if told_until is not None:
        until = told_until
    elif awake:
        until = await_all_told(aws, awake, account.name("ChatTable"), progress)
    else:
        until = boundaries.NONE if account.boundary is None else account.boundary
    # Noted before the notifier goes off: afterwards nothing tells any more how far it came.
    boundaries.keep_boundary(aws, plan.stack, until)
    switch(aws, account.tellers, on=False)
    return until


def hand_over(aws: Aws, account: Account, until: Decimal, progress: Progress) -> None:
    """Write down who was told, then make room for the new event sources."""
    told = boundaries.read_inbound(aws, account.name("ChatTable"), until)
    progress(f"noting {told.count} older messages of {len(told.newest)} senders as told")
    boundaries.note_as_told(aws, account.name("NotificationTable"), told)
    delete(aws, account.mappings)


@contextlib.contextmanager
def older_again_on_failure(
    aws: Aws, plan: Plan, account: Account, progress: Progress
) -> Iterator[None]:
    """Let the older consumer go on where it stood when the update was rolled back."""
    try:
        yield
    except DeployFailed:
        if read_status(aws, plan.stack) in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"):
            switch(aws, account.tellers, on=True)
            switch(aws, account.readers, on=True)
            boundaries.forget_boundary(aws, plan.stack)
            progress("the older consumer is as it was, and runs again")
        raise


@contextlib.contextmanager
def left_for_another_run(progress: Progress) -> Iterator[None]:
    """Say what a Ctrl-C leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        progress("cut off: messages wait in the queue until this is run again and comes to its end")
        raise
