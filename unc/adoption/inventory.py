"""What the template gives a fixed name, and which of it is in the account without a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from unc.aws import Aws

TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
LOG_GROUP = "AWS::Logs::LogGroup"
WORDS = {TABLE: "table", QUEUE: "queue", FUNCTION: "function", LOG_GROUP: "log group"}
ABSENT = (
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
)


@dataclass(frozen=True)
class Named:
    """A resource of the template and the name that it has, or will have, in the account."""

    resource: str
    type: str
    name: str

    @property
    def title(self) -> str:
        """Name it as a person would."""
        return f"{WORDS[self.type]} {self.name}"


def name_resources(parameters: Mapping[str, str]) -> list[Named]:
    """Return the named resources for a set of parameters, what holds data first."""
    queue = parameters["QueueName"].removesuffix(".fifo")
    retries = parameters["ReplyRetryQueueName"]
    storing, telling = parameters["QueueFunctionName"], parameters["DynamoFunctionName"]
    return [
        Named("SessionTable", TABLE, parameters["SessionTableName"]),
        Named("ChatTable", TABLE, parameters["ChatTableName"]),
        Named("NotificationTable", TABLE, parameters["NotificationTableName"]),
        Named("Queue", QUEUE, f"{queue}.fifo"),
        Named("DeadLetterQueue", QUEUE, f"{queue}-dlq.fifo"),
        Named("ReplyRetryQueue", QUEUE, retries),
        Named("ReplyDeadLetterQueue", QUEUE, f"{retries}-dlq"),
        Named("StreamFailureQueue", QUEUE, parameters["StreamFailureQueueName"]),
        Named("QueueFunction", FUNCTION, storing),
        Named("DynamoFunction", FUNCTION, telling),
        Named("QueueFunctionLogs", LOG_GROUP, f"/aws/lambda/{storing}"),
        Named("DynamoFunctionLogs", LOG_GROUP, f"/aws/lambda/{telling}"),
    ]


def find_strays(aws: Aws, owned: Mapping[str, str], named: Sequence[Named]) -> list[Named]:
    """Return what is in the account and not in the stack; `owned` is `read_owned`'s."""
    return [one for one in named if one.resource not in owned and is_there(aws, one)]


def read_owned(aws: Aws, stack: str) -> dict[str, str]:
    """Return the resources that the stack holds, with their physical ids; none without a stack."""
    try:
        return dict(_owned(aws, stack))
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise


def _owned(aws: Aws, stack: str) -> Iterator[tuple[str, str]]:
    pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for each in (each for page in pages for each in page["StackResourceSummaries"]):
        if "DELETE_COMPLETE" not in each["ResourceStatus"]:
            yield each["LogicalResourceId"], each.get("PhysicalResourceId", "")


def is_there(aws: Aws, named: Named) -> bool:
    """Say whether a resource of that name exists."""
    try:
        return _probe(aws, named)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return False
        raise


def _probe(aws: Aws, named: Named) -> bool:
    if named.type == TABLE:
        return bool(aws.dynamodb.describe_table(TableName=named.name))
    if named.type == QUEUE:
        return bool(aws.sqs.get_queue_url(QueueName=named.name))
    if named.type == FUNCTION:
        return bool(aws.functions.get_function_configuration(FunctionName=named.name))
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=named.name)["logGroups"]
    return any(group.get("logGroupName") == named.name for group in groups)
