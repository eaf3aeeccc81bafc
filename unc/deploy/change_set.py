"""A change set: what CloudFormation would do, asked first and carried out only then.

A set that changes nothing is thrown away and is no error.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.deploy.refusal import explain_refusal
from unc.errors import DeployFailed

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        DescribeChangeSetOutputTypeDef,
        ResourceToImportTypeDef,
    )

_CAPABILITY: Final = "CAPABILITY_IAM"
NAME_PREFIX = "unc-"
_POLL_SECONDS = 0.2
_LIMIT_SECONDS = 300.0
# How the two kinds of "nothing to do" begin; there is no code for either.
_NOTHING_CHANGES = ("The submitted information didn't contain changes", "No updates are to be")
_STATEFUL = ("AWS::DynamoDB::Table", "AWS::SQS::Queue")
_MAPPING = "AWS::Lambda::EventSourceMapping"

Kind = Literal["CREATE", "UPDATE", "IMPORT"]


@dataclass(frozen=True)
class Wanted:
    """A stack as it shall be; `imports` are resources that exist already."""

    stack: str
    kind: Kind
    template: Mapping[str, str]
    parameters: Mapping[str, str]
    imports: Sequence[ResourceToImportTypeDef] = ()


@dataclass(frozen=True)
class Change:
    """What would happen to one resource; `replaces` when it would be made anew."""

    action: str
    resource: str
    type: str
    physical: str
    replaces: bool
    properties: tuple[str, ...]

    def loses_data(self) -> bool:
        """Say whether a table or a queue would be replaced or taken out of the stack."""
        return self.type in _STATEFUL and (self.replaces or self.action == "Remove")

    def loses_position(self) -> bool:
        """Say whether a stream would be read from another position than where reading stands."""
        return self.type == _MAPPING and self.replaces and "StartingPosition" in self.properties


@dataclass(frozen=True)
class ChangeSet:
    """A set that waits for its execution."""

    name: str
    stack: str
    kind: Kind
    changes: tuple[Change, ...]


def create_change_set(aws: Aws, wanted: Wanted) -> ChangeSet | None:
    """Ask what would change; None when nothing would. Raises DeployFailed when it is refused."""
    name = f"{NAME_PREFIX}{wanted.kind.lower()}-{uuid4().hex[:12]}"
    request = _to_request(wanted)
    if wanted.imports:
        request["ResourcesToImport"] = list(wanted.imports)
    with clear_refusals():
        aws.cloudformation.create_change_set(
            ChangeSetName=name, ChangeSetType=wanted.kind, **request
        )
    return _await_change_set(aws, wanted, name)


def update_directly(aws: Aws, wanted: Wanted) -> bool:
    """Start an update without a change set; say whether there was anything to do."""
    try:
        aws.cloudformation.update_stack(**_to_request(wanted))
    except ClientError as error:
        if any(words in str(error) for words in _NOTHING_CHANGES):
            return False
        raise
    return True


def _to_request(wanted: Wanted) -> dict[str, Any]:
    """Return what both ways of asking take."""
    return {
        "StackName": wanted.stack,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in wanted.parameters.items()
        ],
        "Capabilities": [_CAPABILITY],
        **wanted.template,
    }


def _await_change_set(aws: Aws, wanted: Wanted, name: str) -> ChangeSet | None:
    """Wait until CloudFormation has compared; a set that changes nothing is deleted."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while (found := _describe(aws, wanted.stack, name))["Status"] in (
        "CREATE_PENDING",
        "CREATE_IN_PROGRESS",
    ):
        if time.monotonic() > deadline:
            raise DeployFailed(f"change set {name} is still {found['Status']}", "run it again")
        time.sleep(_POLL_SECONDS)
    reason = " ".join(found.get("StatusReason", "").split())
    if found["Status"] == "FAILED" or found.get("ExecutionStatus") == "UNAVAILABLE":
        nothing = reason.startswith(_NOTHING_CHANGES)
        refusal = None if nothing else explain_refusal(aws, found.get("ChangeSetId", name), reason)
        aws.cloudformation.delete_change_set(StackName=wanted.stack, ChangeSetName=name)
        if refusal:
            raise refusal
        return None
    return ChangeSet(name, wanted.stack, wanted.kind, tuple(_read_changes(aws, wanted.stack, name)))


def _describe(aws: Aws, stack: str, name: str) -> DescribeChangeSetOutputTypeDef:
    """Return the first page of a change set."""
    return aws.cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)


def _read_changes(aws: Aws, stack: str, name: str) -> Iterator[Change]:
    """Yield the changes of a set, all pages."""
    pages = aws.cloudformation.get_paginator("describe_change_set")
    for page in pages.paginate(StackName=stack, ChangeSetName=name):
        yield from map(to_change, page.get("Changes", []))


def to_change(raw: ChangeTypeDef) -> Change:
    """Take what a reader wants to know out of CloudFormation's description."""
    change = raw.get("ResourceChange", {})
    targets = [detail.get("Target", {}) for detail in change.get("Details", [])]
    named = [target.get("Name") or target.get("Attribute", "") for target in targets]
    return Change(
        action=change.get("Action", "?"),
        resource=change.get("LogicalResourceId", "?"),
        type=change.get("ResourceType", "?"),
        physical=change.get("PhysicalResourceId", ""),
        replaces=change.get("Replacement") == "True",
        properties=tuple(dict.fromkeys(name for name in named if name)),
    )


def execute_change_set(aws: Aws, change_set: ChangeSet) -> None:
    """Let CloudFormation carry it out; returns at once.

    Tables and queues are retained, but not those that a failed execution has just made: a later
    one would find them in its way.
    """
    with clear_refusals():
        aws.cloudformation.execute_change_set(
            StackName=change_set.stack,
            ChangeSetName=change_set.name,
            RetainExceptOnCreate=change_set.kind != "IMPORT",
        )


def discard_change_set(aws: Aws, change_set: ChangeSet) -> None:
    """Throw it away."""
    aws.cloudformation.delete_change_set(StackName=change_set.stack, ChangeSetName=change_set.name)


@contextlib.contextmanager
def clear_refusals() -> Iterator[None]:
    """Turn CloudFormation's refusal of a template or a parameter into one line."""
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", str(error))
        raise DeployFailed(f"the template was refused: {' '.join(message.split())}") from error
