"""An account before a deployment: what of ours is there, who feeds it, and what would be left."""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from unc.aws.mappings import Mapping
from unc.aws.session import Aws
from unc.errors import DeployFailed
from unc.takeover.boundary import kept_boundary, read_inbound
from unc.takeover.inventory import (
    FUNCTION,
    Named,
    find_other_stack,
    find_unmanaged,
    is_denied,
    is_there,
    name_resources,
    read_owned,
)
from unc.takeover.mappings import find_mappings


@dataclass(frozen=True)
class Account:
    """`owned` is the stack's, `unmanaged` belong to no stack, `mappings` feed the legacy consumer.

    `boundary` is what an interrupted run has noted.
    """

    parameters: Values[str, str]
    named: Sequence[Named]
    owned: Values[str, str]
    unmanaged: Sequence[Named]
    mappings: Sequence[Mapping]
    leftovers: Sequence[str]
    boundary: Decimal | None

    def name(self, resource: str) -> str:
        """Return the name that a resource of the template has in the account."""
        return next(one.name for one in self.named if one.resource == resource)

    @property
    def needs_takeover(self) -> bool:
        """Say whether there is something to take over, or a takeover to finish."""
        return bool(self.unmanaged or self.mappings or self.boundary is not None)

    @property
    def is_attached(self) -> bool:
        """Say whether the stack's own notifier has read the stream already."""
        return "StreamMapping" in self.owned

    @property
    def queue_mappings(self) -> list[Mapping]:
        """Return the legacy mappings on the queue."""
        return [mapping for mapping in self.mappings if not mapping.reads_stream]

    @property
    def stream_mappings(self) -> list[Mapping]:
        """Return the legacy mappings on the stream."""
        return [mapping for mapping in self.mappings if mapping.reads_stream]


def look_around(aws: Aws, stack: str, parameters: Values[str, str]) -> Account:
    """Read what there is; nothing is changed. Raises DeployFailed for what cannot be taken over."""
    named = name_resources(parameters)
    owned = read_owned(aws, stack)
    unmanaged = find_unmanaged(aws, owned, named)
    if unmanaged and (other := find_other_stack(aws, stack, parameters)):
        raise DeployFailed(
            f"{unmanaged[0].title} belongs to stack {other}", f"is UNC_STACK={stack} meant?"
        )
    if unmanaged and not _holds_imports_only(owned, named):
        raise DeployFailed(
            f"{unmanaged[0].title} is in the account, but not in stack {stack}",
            "remove it, or give the stack's another name with --set",
        )
    functions = [one.name for one in named if one.type == FUNCTION]
    mappings = find_mappings(aws, _find_sources(aws, named), functions, list(owned.values()))
    boundary = kept_boundary(aws, stack)
    leftovers = _find_leftovers(aws, unmanaged)
    return Account(parameters, named, owned, unmanaged, mappings, leftovers, boundary)


def _holds_imports_only(owned: Values[str, str], named: Sequence[Named]) -> bool:
    """Say whether the stack is what an import made, or not there yet: it can take more in.

    A failed takeover ends there, and its rollback may have left what it could not remove.
    """
    return owned.keys() <= {one.resource for one in named}


def _find_sources(aws: Aws, named: Sequence[Named]) -> list[str]:
    """Return the ARNs of the queue and of the chats' stream, of those that exist."""
    by_resource = {one.resource: one for one in named}
    queue, chats = by_resource["Queue"], by_resource["ChatTable"]
    sources: list[str] = []
    if is_there(aws, queue):
        url = aws.sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sources.append(answer["Attributes"]["QueueArn"])
    if is_there(aws, chats):
        stream = aws.dynamodb.describe_table(TableName=chats.name)["Table"].get("LatestStreamArn")
        sources += [stream] if stream else []
    return sources


def count_unnotified(aws: Aws, account: Account) -> int:
    """Count the chats for which it is unknown whether a legacy notifier has sent a POST.

    It is known while that notifier runs, since it will come to the end of the stream; from a note;
    and from the rows of `notifications` where the legacy consumer was one of ours.
    """
    by_resource = {one.resource: one for one in account.named}
    notifications, chats = by_resource["NotificationTable"], by_resource["ChatTable"]
    if account.is_attached or account.boundary is not None or not _has_stream(aws, chats):
        return 0
    if any(not mapping.is_off for mapping in account.stream_mappings):
        return 0
    if not account.stream_mappings and is_there(aws, notifications):
        return 0
    return read_inbound(aws, chats.name).count


def _has_stream(aws: Aws, table: Named) -> bool:
    """Say whether there is a table with a stream that may hold records."""
    if not is_there(aws, table):
        return False
    described = aws.dynamodb.describe_table(TableName=table.name)["Table"]
    return bool(described.get("StreamSpecification", {}).get("StreamEnabled"))


def _find_leftovers(aws: Aws, unmanaged: Sequence[Named]) -> list[str]:
    """Say how to remove what the new stack has its own of: warm-up rules and roles."""
    found: dict[str, None] = {}
    functions = [one.name for one in unmanaged if one.type == FUNCTION]
    events: Any = aws.session.client("events", endpoint_url=aws.endpoint, config=aws.config)
    for name in functions:
        rules = events.list_rule_names_by_target(TargetArn=_function_arn(aws, name))["RuleNames"]
        for rule in rules:
            found[f"rule {rule}: {_removal_of_rule(events, rule)}"] = None
        if role := _find_role(aws, name):
            removal = _removal_of_role(role)
            found[f"role {role}: detach or delete its policies, then: {removal}"] = None
    return sorted(found, reverse=True)


def _function_arn(aws: Aws, name: str) -> str:
    """Name a function as an event's target."""
    partition = aws.session.get_partition_for_region(aws.region)
    return f"arn:{partition}:lambda:{aws.region}:{aws.account}:function:{name}"


def _find_role(aws: Aws, function: str) -> str:
    """Return the name of a function's role; blank for credentials that may not read functions."""
    try:
        found = aws.functions.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if is_denied(error):
            return ""
        raise
    return found.get("Role", "").rpartition("/")[2]


def _removal_of_rule(events: Any, rule: str) -> str:
    """Return the commands that remove a rule."""
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    ids = " ".join(target["Id"] for target in targets)
    return (
        f"aws events remove-targets --rule {rule} --ids {ids} && "
        f"aws events delete-rule --name {rule}"
    )


def _removal_of_role(role: str) -> str:
    """Return the command that removes a role."""
    return f"aws iam delete-role --role-name {role}"
