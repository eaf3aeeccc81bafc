"""What a failed takeover leaves: the legacy consumer at work, or a line that says it is not.

The queue is never left unread in silence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from unc.aws.mappings import switch
from unc.aws.session import Aws
from unc.deploy.deployment import Plan
from unc.deploy.stack_events import Progress, read_status, what_blocks_rollback
from unc.errors import DeployFailed
from unc.takeover import boundary as boundaries
from unc.takeover.account import Account


@contextlib.contextmanager
def readers_again_on_failure(aws: Aws, account: Account, progress: Progress) -> Iterator[None]:
    """Let the legacy consumer read the queue again: nothing else has been changed yet."""
    try:
        yield
    except Exception:
        awake = [mapping for mapping in account.queue_mappings if not mapping.is_off]
        switch(aws, awake, on=True)
        if awake:
            progress("stopped: the legacy consumer reads the queue again, as before")
        elif account.queue_mappings:
            progress("stopped: what reads the queue was off before, and stays off")
        raise


@contextlib.contextmanager
def legacy_again_on_failure(
    aws: Aws, plan: Plan, account: Account, progress: Progress
) -> Iterator[None]:
    """Let the legacy consumer go on where it stood when the update was rolled back."""
    try:
        yield
    except DeployFailed:
        progress(_bring_back(aws, plan, account))
        raise


def _bring_back(aws: Aws, plan: Plan, account: Account) -> str:
    """Switch the legacy consumer on if its functions are as they were; say how it stands."""
    status = read_status(aws, plan.stack)
    if status in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"):
        switch(aws, account.stream_mappings, on=True)
        switch(aws, account.queue_mappings, on=True)
        boundaries.forget_boundary(aws, plan.stack)
        return "the legacy consumer is as it was, and runs again"
    reason = f"stack {plan.stack} is {status}"
    if status == "UPDATE_ROLLBACK_FAILED":
        reason = f"the rollback stopped: {what_blocks_rollback(aws, plan.stack)}"
    return (
        f"the legacy consumer is off and messages wait in the queue, for {reason}; "
        "put that right and run it again"
    )


@contextlib.contextmanager
def left_for_another_run(progress: Progress, cause: type[BaseException]) -> Iterator[None]:
    """Say what a run leaves behind that ends here."""
    try:
        yield
    except cause:
        progress("cut off: messages wait in the queue until this is run again and comes to its end")
        raise
