"""Where a stack stands, and how one that was left under way or broken comes to rest."""

from __future__ import annotations

from unc.aws.session import Aws
from unc.deploy.stack_events import (
    Progress,
    find_stack,
    follow_stack,
    newest_event,
    read_status,
    what_failed,
)
from unc.errors import DeployFailed

_STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
NOT_YET = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


def exists(aws: Aws, stack: str) -> bool:
    """Say whether a stack has ever been more than a plan."""
    found = find_stack(aws, stack)
    return found is not None and found["StackStatus"] not in NOT_YET


def _await_rest(aws: Aws, stack: str, progress: Progress) -> str:
    """Wait for what another run has under way; return the stack's status."""
    status = read_status(aws, stack)
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        progress(f"stack {stack} is {status}; waiting for it")
        status = follow_stack(aws, stack, newest_event(aws, stack), progress)
    return status


def require_whole(aws: Aws, stack: str, progress: Progress) -> None:
    """Raise DeployFailed for a broken stack, which nothing can be compared with."""
    status = _await_rest(aws, stack, progress)
    if status in _STILLBORN:
        raise DeployFailed(
            f"stack {stack} is {status}", "the next deployment removes what is left and starts anew"
        )


def settle_stack(aws: Aws, stack: str, progress: Progress) -> None:
    """Bring a stack that an earlier run left under way, or broken, to where it can be changed."""
    status = _await_rest(aws, stack, progress)
    if status in _STILLBORN:
        progress(f"stack {stack} is {status}; removing what is left of it")
        aws.cloudformation.delete_stack(StackName=stack)
        status = follow_stack(aws, stack, newest_event(aws, stack), progress)
        if status not in NOT_YET:
            raise DeployFailed(f"stack {stack} cannot be removed: it is {status}")
    if status == "UPDATE_ROLLBACK_FAILED":
        progress(f"stack {stack} is {status}; going on with its rollback")
        _continue_rollback(aws, stack, progress)


def _continue_rollback(aws: Aws, stack: str, progress: Progress) -> None:
    """Go on with a rollback that stopped; raises DeployFailed with what stops it again and why."""
    before = newest_event(aws, stack)
    aws.cloudformation.continue_update_rollback(StackName=stack)
    status = follow_stack(aws, stack, before, progress)
    if status != "UPDATE_ROLLBACK_COMPLETE":
        reason = what_failed(aws, stack, before)
        raise DeployFailed(
            f"the rollback of stack {stack} stopped again: {reason}",
            "put that right and run it again",
        )
