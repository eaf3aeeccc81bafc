"""From a legacy consumer to this one, in an order that loses nothing and notifies nobody twice.

1. Import what is there, as it is. Nothing stops.
2. Ask what the update would change; refuse here what cannot be.
3. Switch off what reads the queue. Wait until the legacy notifier has caught up,
   note that boundary, switch it off too.
4. Update everything but the event sources. When that fails, CloudFormation puts the legacy code
   back, and the legacy mappings go on where they stood.
5. Write down how far each sender was notified, delete the legacy mappings, attach the new ones.
   The new notifier reads the stream from its start and skips what is written down.

Each step can be done again: a run that was cut off is repeated from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from unc.aws.mappings import LIMIT_SECONDS, delete, switch
from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.deploy.change_set import create_change_set
from unc.deploy.code_bucket import ensure_bucket
from unc.deploy.deployment import Plan, Show, carry_out, deploy, discard, propose
from unc.errors import BadInput
from unc.takeover import boundary as boundaries
from unc.takeover.account import Account, count_unnotified
from unc.takeover.drain import await_all_notified, stop_storing
from unc.takeover.function_properties import keep_code, may_read
from unc.takeover.import_template import Import, describe_unmanaged, hold_on
from unc.takeover.inventory import FUNCTION
from unc.takeover.preconditions import check_preconditions
from unc.takeover.rollback import (
    left_for_another_run,
    legacy_again_on_failure,
    readers_again_on_failure,
)

_Progress = Callable[[str], None]


def take_over(
    aws: Aws,
    plan: Plan,
    account: Account,
    notified_until: Decimal | None,
    progress: _Progress,
    show: Show,
    drain_limit_seconds: float = LIMIT_SECONDS,
) -> Resources:
    """Do all of it; raises DeployFailed, or BadInput when only a person can decide.

    `drain_limit_seconds` is how long the legacy notifier may take to catch up.
    """
    require_decision(aws, account, notified_until)
    if account.is_attached:
        return _retire(aws, plan, account, progress, show)
    if account.unmanaged:
        _import_unmanaged(aws, plan, account, progress, show)
    detached = replace(plan, attach=False)
    change_set = propose(aws, detached)
    with left_for_another_run(progress, KeyboardInterrupt):
        with readers_again_on_failure(aws, account, progress):
            until = _find_boundary(aws, account, notified_until, progress, drain_limit_seconds)
            # Noted before the notifier goes off: afterwards nobody can find out how far it came.
            boundaries.keep_boundary(aws, plan.stack, until)
        switch(aws, account.stream_mappings, on=False)
        if change_set:
            show(change_set.changes)
            with legacy_again_on_failure(aws, plan, account, progress):
                carry_out(aws, change_set, progress)
        with left_for_another_run(progress, Exception):
            _hand_over(aws, account, until, progress)
            resources = deploy(aws, plan, progress, show)
    boundaries.forget_boundary(aws, plan.stack)
    return resources


def require_decision(aws: Aws, account: Account, notified_until: Decimal | None) -> None:
    """Raise BadInput where nobody knows how far the legacy notifier came."""
    unnotified = count_unnotified(aws, account) if notified_until is None else 0
    if unnotified:
        raise BadInput(
            f"{unnotified} recent chats are stored and the legacy notifier is off: nobody knows "
            "how far it notified",
            "say it: --notified-until all, none, or a moment such as 2026-11-22T10:00:00+00:00",
        )


def _retire(aws: Aws, plan: Plan, account: Account, progress: _Progress, show: Show) -> Resources:
    """Switch off legacy mappings beside a running stack; they are not ours to delete."""
    for mapping in account.mappings:
        progress(f"switching off {mapping.function}'s event source {mapping.id}: ours is attached")
    switch(aws, account.mappings, on=False)
    boundaries.forget_boundary(aws, plan.stack)
    return deploy(aws, plan, progress, show)


def _import_unmanaged(
    aws: Aws, plan: Plan, account: Account, progress: _Progress, show: Show
) -> None:
    """Import what is there into the stack, as it is."""
    found = _describe(aws, plan, account)
    ensure_bucket(aws)
    for function in found.functions:
        keep_code(aws, function)
    change_set = create_change_set(aws, found.wanted(aws, plan.stack))
    if change_set:
        progress("importing what is there; nothing of it changes")
        show(change_set.changes)
        carry_out(aws, change_set, progress)


def try_import(aws: Aws, plan: Plan, account: Account, progress: _Progress) -> None:
    """Ask CloudFormation whether it would take the import; raises DeployFailed when not.

    Credentials that may not read functions, as those of a pull request, try it without these.
    """
    there = [*account.unmanaged, *(one for one in account.named if one.resource in account.owned)]
    hidden = [one for one in there if one.type == FUNCTION and not may_read(aws, one.name)]
    if hidden:
        progress("functions are left out of the trial: these credentials may not read them")
    readable = [one for one in account.unmanaged if one not in hidden]
    # What an earlier import has brought in has to be said again, its environment too.
    if readable and not any(one.resource in account.owned for one in hidden):
        account = replace(account, unmanaged=readable)
        change_set = create_change_set(aws, _describe(aws, plan, account).wanted(aws, plan.stack))
        if change_set:
            discard(aws, change_set)


def _describe(aws: Aws, plan: Plan, account: Account) -> Import:
    """Describe the unmanaged resources; raises DeployFailed where the stack could not keep one."""
    found = describe_unmanaged(aws, account.unmanaged, account.parameters)
    check_preconditions(aws, account.unmanaged, found)
    if account.owned:
        hold_on(aws, plan.stack, account.named, found)
    return found


def _find_boundary(
    aws: Aws,
    account: Account,
    notified_until: Decimal | None,
    progress: _Progress,
    drain_limit_seconds: float,
) -> Decimal:
    """Stop the legacy queue function; return up to where the legacy notifier has notified."""
    stop_storing(aws, account.queue_mappings, account.name("Queue"), progress)
    awake = [mapping for mapping in account.stream_mappings if not mapping.is_off]
    if notified_until is not None:
        return notified_until
    if awake:
        return await_all_notified(
            aws, awake, account.name("ChatTable"), progress, drain_limit_seconds
        )
    return boundaries.NONE if account.boundary is None else account.boundary


def _hand_over(aws: Aws, account: Account, until: Decimal, progress: _Progress) -> None:
    """Write down how far senders were notified, then make room for the new event sources."""
    notified = boundaries.read_inbound(aws, account.name("ChatTable"), until)
    progress(
        f"marking {notified.count} earlier messages of {len(notified.newest)} senders as notified"
    )
    boundaries.note_as_notified(aws, account.name("NotificationTable"), notified)
    delete(aws, account.mappings)
