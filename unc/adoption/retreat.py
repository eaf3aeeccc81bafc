"""What a takeover that comes to no end leaves: the older consumer at work, or word that it is not.

The queue is never left unread in silence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from unc.adoption import boundary as boundaries
from unc.adoption.account import Account
from unc.adoption.mappings import switch
from unc.aws import Aws
from unc.deployment import Plan
from unc.errors import DeployFailed
from unc.stack_events import Progress, read_status


@contextlib.contextmanager
def readers_again_on_failure(aws: Aws, account: Account, progress: Progress) -> Iterator[None]:
    """Let the older consumer read the queue again: nothing else has been changed yet."""
    try:
        yield
    except Exception:
        awake = [mapping for mapping in account.readers if not mapping.is_off]
        switch(aws, awake, on=True)
        if awake:
            progress("giving up: the older consumer reads the queue again, as before")
        elif account.readers:
            progress("giving up: what reads the queue was off before, and stays off")
        raise


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
