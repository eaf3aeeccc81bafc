"""What the template gives a fixed name, and which of it is in the account without a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef

TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
LOG_GROUP = "AWS::Logs::LogGroup"
_WORDS = {TABLE: "table", QUEUE: "queue", FUNCTION: "function", LOG_GROUP: "log group"}
_LOGS = "/aws/lambda/${%s}"
ABSENT = (
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
)


NAME_PROPERTIES = {
    TABLE: "TableName",
    QUEUE: "QueueName",
    FUNCTION: "FunctionName",
    LOG_GROUP: "LogGroupName",
}
NAMING_PARAMETERS = (
    "SessionTableName",
    "ChatTableName",
    "NotificationTableName",
    "QueueName",
    "ReplyRetryQueueName",
    "StreamFailureQueueName",
    "QueueFunctionName",
    "DynamoFunctionName",
)


@dataclass(frozen=True)
class Named:
    """A resource of the template and the name that it has, or will have, in the account.

    `expression` is how the template makes the name: an import that said it otherwise would look
    like a change of the name later on, and so like another table.
    """

    resource: str
    type: str
    name: str
    expression: object

    @property
    def title(self) -> str:
        """Name it as a person would."""
        return f"{_WORDS[self.type]} {self.name}"


def name_resources(parameters: Mapping[str, str]) -> list[Named]:
    """Return the named resources for a set of parameters, what holds data first."""

    def by(resource: str, kind: str, parameter: str, pattern: str = "") -> Named:
        expression = {"Fn::Sub": pattern} if pattern else {"Ref": parameter}
        name = pattern.replace(f"${{{parameter}}}", parameters[parameter])
        return Named(resource, kind, name or parameters[parameter], expression)

    return [
        by("SessionTable", TABLE, "SessionTableName"),
        by("ChatTable", TABLE, "ChatTableName"),
        by("NotificationTable", TABLE, "NotificationTableName"),
        _name_queue("Queue", "${Name}.fifo", parameters),
        _name_queue("DeadLetterQueue", "${Name}-dlq.fifo", parameters),
        by("ReplyRetryQueue", QUEUE, "ReplyRetryQueueName"),
        by("ReplyDeadLetterQueue", QUEUE, "ReplyRetryQueueName", "${ReplyRetryQueueName}-dlq"),
        by("StreamFailureQueue", QUEUE, "StreamFailureQueueName"),
        by("QueueFunction", FUNCTION, "QueueFunctionName"),
        by("DynamoFunction", FUNCTION, "DynamoFunctionName"),
        by("QueueFunctionLogs", LOG_GROUP, "QueueFunctionName", _LOGS % "QueueFunctionName"),
        by("DynamoFunctionLogs", LOG_GROUP, "DynamoFunctionName", _LOGS % "DynamoFunctionName"),
    ]


def _name_queue(resource: str, pattern: str, parameters: Mapping[str, str]) -> Named:
    """Name a FIFO queue; the parameter may or may not end in .fifo."""
    base = {"Fn::Select": [0, {"Fn::Split": [".fifo", {"Ref": "QueueName"}]}]}
    name = pattern.replace("${Name}", parameters["QueueName"].split(".fifo")[0])
    return Named(resource, QUEUE, name, {"Fn::Sub": [pattern, {"Name": base}]})


def find_unmanaged(aws: Aws, owned: Mapping[str, str], named: Sequence[Named]) -> list[Named]:
    """Return what is in the account and not in the stack; `owned` is `read_owned`'s."""
    return [one for one in named if one.resource not in owned and is_there(aws, one)]


def find_other_stack(aws: Aws, stack: str, parameters: Mapping[str, str]) -> str | None:
    """Return another stack of ours with the same tables, as its outputs have them.

    Also None without the right to list other stacks.
    """
    try:
        pages = list(aws.cloudformation.get_paginator("describe_stacks").paginate())
    except ClientError:
        return None
    for each in (each for page in pages for each in page["Stacks"]):
        tables = [out for out in each.get("Outputs", []) if out.get("OutputKey") == "ChatTableName"]
        is_same = parameters["ChatTableName"] in [out.get("OutputValue") for out in tables]
        if is_same and each["StackName"] != stack:
            return each["StackName"]
    return None


def read_owned(aws: Aws, stack: str) -> dict[str, str]:
    """Return the resources that the stack holds, with their physical ids; none without a stack."""
    # What a rollback was to remove is no longer the stack's, whether that worked or not.
    return {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for each in _list_resources(aws, stack)
        if not each["ResourceStatus"].startswith("DELETE_")
    }


def _list_resources(aws: Aws, stack: str) -> list[StackResourceSummaryTypeDef]:
    """Return all that the stack holds or has held; nothing without a stack."""
    paginator = aws.cloudformation.get_paginator("list_stack_resources")
    try:
        pages = list(paginator.paginate(StackName=stack))
    except ClientError as error:
        if "does not exist" in str(error):
            return []
        raise
    return [each for page in pages for each in page["StackResourceSummaries"]]


def is_there(aws: Aws, named: Named) -> bool:
    """Say whether a resource of that name exists."""
    try:
        return _probe(aws, named)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return False
        raise


def is_denied(error: ClientError) -> bool:
    """Say whether the credentials lack a right, as those that only compare lack some."""
    return error.response.get("Error", {}).get("Code") in ("AccessDenied", "AccessDeniedException")


def _probe(aws: Aws, named: Named) -> bool:
    if named.type == TABLE:
        return bool(aws.dynamodb.describe_table(TableName=named.name))
    if named.type == QUEUE:
        return bool(aws.sqs.get_queue_url(QueueName=named.name))
    if named.type == FUNCTION:
        # What describes a function shows its environment, which may hold secrets.
        return bool(aws.functions.get_function_concurrency(FunctionName=named.name))
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=named.name)["logGroups"]
    return any(group.get("logGroupName") == named.name for group in groups)
