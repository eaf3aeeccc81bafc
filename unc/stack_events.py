"""What CloudFormation tells while it works, and the one event that says why it failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc.aws import Aws

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackEventTypeDef

STACK_TYPE = "AWS::CloudFormation::Stack"
LINES_AT_ONCE = 5
# What every other resource says once one has failed.
CONSEQUENCE = "cancelled"

Progress = Callable[[str], None]


def new_events(
    aws: Aws, stack: str, since: datetime, told: set[str]
) -> Iterator[StackEventTypeDef]:
    """Yield events of this deployment that were not told yet, oldest first."""
    for event in events_since(aws, stack, since):
        if event["EventId"] not in told:
            told.add(event["EventId"])
            yield event


def events_since(aws: Aws, stack: str, since: datetime) -> list[StackEventTypeDef]:
    """Return the stack's events of this deployment, oldest first."""
    pages = aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    # Some endpoints give whole seconds.
    start = int(since.timestamp()) - 1
    found: list[StackEventTypeDef] = []
    with contextlib.suppress(ClientError):
        for page in pages:
            recent = [e for e in page["StackEvents"] if e["Timestamp"].timestamp() >= start]
            found.extend(recent)
            if len(recent) < len(page["StackEvents"]):
                break
    return list(reversed(found))


def tell(events: Iterable[StackEventTypeDef], progress: Progress) -> None:
    """Say which resources are done or failed; what is under way is not worth a line."""
    done = [
        f"{event.get('LogicalResourceId', '?')} {status.lower().replace('_', ' ')}"
        for event in events
        if not (status := event.get("ResourceStatus", "")).endswith("_IN_PROGRESS")
        and event.get("ResourceType") != STACK_TYPE
    ]
    if len(done) > LINES_AT_ONCE:
        progress(f"stack: {done[-1]}, and {len(done) - 1} before it")
        return
    for line in done:
        progress(f"stack: {line}")


def explain_failure(aws: Aws, stack: str, since: datetime) -> str:
    """Say which resource failed first, and why."""
    refused = validation_failure(aws, stack, since)
    return (
        refused or first_failure(events_since(aws, stack, since)) or f"{stack} failed, unsaid why"
    )


def first_failure(events: Sequence[StackEventTypeDef]) -> str:
    """Pick the first failed resource; the stack's own failure only repeats it. Empty if none."""
    failed = [
        event
        for event in events
        if event.get("ResourceStatus", "").endswith("_FAILED")
        and CONSEQUENCE not in event.get("ResourceStatusReason", "").lower()
    ]
    failed.sort(key=lambda event: event.get("ResourceType") == STACK_TYPE)
    return describe_event(failed[0]) if failed else ""


def describe_event(event: StackEventTypeDef) -> str:
    """Name a resource and its reason."""
    reason = one_line(event.get("ResourceStatusReason", "no reason given"))
    return f"{event.get('LogicalResourceId', '?')} failed: {reason}"


def validation_failure(aws: Aws, stack: str, since: datetime) -> str:
    """Return what the checks before the first resource found; stack events only hint at it."""
    with contextlib.suppress(ClientError):
        for event in aws.cloudformation.describe_events(StackName=stack)["OperationEvents"]:
            recent = event["Timestamp"].timestamp() >= int(since.timestamp()) - 1
            if recent and event.get("EventType") == "VALIDATION_ERROR":
                reason = one_line(event.get("ValidationStatusReason", "refused"))
                return f"{event.get('LogicalResourceId', '?')} was refused: {reason}"
    return ""


def one_line(text: str) -> str:
    """Join a message's lines."""
    return " ".join(text.split())
