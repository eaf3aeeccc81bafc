"""A stack operation under way: wait, report each finished resource, and what failed first.

An operation's events are those after the newest one that was there before: no two clocks are
compared.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.errors import DeployFailed

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

STACK_TYPE = "AWS::CloudFormation::Stack"
_POLL_SECONDS = 0.3
_AWS_POLL_SECONDS = 3.0
_LINES_AT_ONCE = 5
_STACK_LIMIT_SECONDS = 3600.0
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")

Progress = Callable[[str], None]


def find_stack(aws: Aws, stack: str) -> StackTypeDef | None:
    """Return the stack's description, or None when it is not there."""
    try:
        return aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def newest_event(aws: Aws, stack: str) -> str:
    """Return the id of the stack's newest event, or nothing when there is none yet."""
    with contextlib.suppress(ClientError):
        events = aws.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return events[0]["EventId"] if events else ""
    return ""


def await_stack(aws: Aws, stack: str, after: str, progress: Progress) -> None:
    """Follow an operation to its end; raises DeployFailed with what failed first and why."""
    status = follow_stack(aws, stack, after, progress)
    if status not in _DONE:
        raise _first_failure(aws, stack, after, status)


def follow_stack(aws: Aws, stack: str, after: str, progress: Progress) -> str:
    """Report each resource as it is done until nothing is under way; return the stack's status."""
    deadline = time.monotonic() + _STACK_LIMIT_SECONDS
    reported: set[str] = set()
    while True:
        status = read_status(aws, stack)
        _report(_new_events(aws, stack, after, reported), progress)
        # Clean-up after a finished update still counts as under way: the next one has to wait.
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            return status
        if time.monotonic() > deadline:
            raise DeployFailed(f"stack {stack} is still {status}", "look at it in the console")
        time.sleep(_POLL_SECONDS if aws.endpoint else _AWS_POLL_SECONDS)


def read_status(aws: Aws, stack: str) -> str:
    """Return the stack's status; one that is gone counts as deleted."""
    found = find_stack(aws, stack)
    return found["StackStatus"] if found else "DELETE_COMPLETE"


def _new_events(
    aws: Aws, stack: str, after: str, reported: set[str]
) -> Iterator[StackEventTypeDef]:
    """Yield events of this operation that were not reported yet, oldest first."""
    for event in _events_after(aws, stack, after):
        if event["EventId"] not in reported:
            reported.add(event["EventId"])
            yield event


def _events_after(aws: Aws, stack: str, after: str) -> list[StackEventTypeDef]:
    """Return the stack's events that came after one of them, oldest first."""
    pages = aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    found: list[StackEventTypeDef] = []
    with contextlib.suppress(ClientError):
        for event in (event for page in pages for event in page["StackEvents"]):
            if event["EventId"] == after:
                break
            found.append(event)
    return found[::-1]


def _report(events: Iterable[StackEventTypeDef], progress: Progress) -> None:
    """Say what is done; of what failed by itself say why, at once."""
    done: list[str] = []
    for event in events:
        status = event.get("ResourceStatus", "")
        if _failed_itself(event):
            progress(f"stack: {_failure_line(event)}; rolling back")
        elif not status.endswith("_IN_PROGRESS") and event.get("ResourceType") != STACK_TYPE:
            done.append(f"{event.get('LogicalResourceId', '?')} {status.lower().replace('_', ' ')}")
    if len(done) > _LINES_AT_ONCE:
        progress(f"stack: {done[-1]}, and {len(done) - 1} before it")
        return
    for line in done:
        progress(f"stack: {line}")


def _first_failure(aws: Aws, stack: str, after: str, status: str) -> DeployFailed:
    """Find what failed first; the stack's own word counts when no resource has one."""
    return DeployFailed(what_failed(aws, stack, after), f"stack {stack} is {status}")


def what_failed(aws: Aws, stack: str, after: str) -> str:
    """Name what failed first after an event, and why."""
    failures = [event for event in _events_after(aws, stack, after) if _failed_itself(event)]
    failures.sort(key=lambda event: event.get("ResourceType") == STACK_TYPE)
    return _failure_line(failures[0]) if failures else "no resource gives a reason"


def what_blocks_rollback(aws: Aws, stack: str) -> str:
    """Name what the newest rollback of an update failed at, and why."""
    newest_first = reversed(_events_after(aws, stack, ""))
    starts = (e for e in newest_first if e.get("ResourceStatus") == "UPDATE_ROLLBACK_IN_PROGRESS")
    start = next(starts, None)
    return what_failed(aws, stack, start["EventId"] if start else "")


def _failed_itself(event: StackEventTypeDef) -> bool:
    """Say whether something failed, and not because another thing had failed before."""
    reason = event.get("ResourceStatusReason", "")
    return event.get("ResourceStatus", "").endswith("_FAILED") and "cancelled" not in reason


def _failure_line(event: StackEventTypeDef) -> str:
    """Name the resource and the reason."""
    reason = " ".join(event.get("ResourceStatusReason", "no reason given").split())
    return f"{event.get('LogicalResourceId', '?')} failed: {reason}"
