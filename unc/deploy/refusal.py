"""Why CloudFormation refused a change set.

Since it validates while it compares, the change set itself may name only the check that failed;
resource and reason stand in its events, and those go when it is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from unc.aws.session import Aws
from unc.errors import DeployFailed

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import OperationEventTypeDef


def explain_refusal(aws: Aws, arn: str, reason: str) -> DeployFailed:
    """Return what to raise: resources and reasons first, else the change set's own `reason`."""
    reasons = "; ".join(_read_reasons(aws, arn))
    if reasons:
        return DeployFailed(reasons, "the changes were refused")
    return DeployFailed(f"the changes were refused: {reason or 'no reason given'}")


def _read_reasons(aws: Aws, arn: str) -> list[str]:
    """Return each reason once; none where no events are kept or they may not be read.

    A change set is found by its ARN alone; by its name alone it is not, whatever the reference
    says: https://github.com/aws-cloudformation/cloudformation-cli/issues/1116
    """
    pages = aws.cloudformation.get_paginator("describe_events")
    try:
        found = [
            line
            for page in pages.paginate(ChangeSetName=arn, Filters={"FailedEvents": True})
            for event in page.get("OperationEvents", [])
            for line in _reason_lines(event)
        ]
    # Without the right to read events the refusal itself is still reported.
    except (ClientError, BotoCoreError):
        return []
    return list(dict.fromkeys(found))


def _reason_lines(event: OperationEventTypeDef) -> Iterator[str]:
    """Yield an event's resource, reason and place in the template; nothing for a mere warning."""
    if "WARN" in (event.get("ValidationFailureMode"), event.get("HookFailureMode")):
        return
    reason = (
        event.get("ValidationStatusReason")
        or event.get("HookStatusReason")
        or event.get("ResourceStatusReason", "")
    )
    if reason:
        place = f" (at {event['ValidationPath']})" if event.get("ValidationPath") else ""
        yield f"{event.get('LogicalResourceId', '?')}: {' '.join(reason.split())}{place}"
