"""The stack's resources by name, read from its outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.errors import NotReachable

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef

STACK = os.environ.get("UNC_STACK", "unc-consumer")


@dataclass(frozen=True)
class Resources:
    """Queues by URL, tables and functions by name; without an intake its two are blank."""

    queue: str
    dead_letter_queue: str
    reply_retry_queue: str
    reply_dead_letter_queue: str
    stream_failure_queue: str
    chat_table: str
    session_table: str
    notification_table: str
    chat_stream: str
    queue_function: str
    dynamo_function: str
    intake_function: str = ""
    webhook_url: str = ""

    def queues(self) -> dict[str, str]:
        """Name each queue for a reader, in the order a message meets them."""
        return {
            "messages": self.queue,
            "messages, dead letters": self.dead_letter_queue,
            "reply retries": self.reply_retry_queue,
            "replies, dead letters": self.reply_dead_letter_queue,
            "stream failures": self.stream_failure_queue,
        }

    def tables(self) -> tuple[str, str, str]:
        """Name the tables."""
        return (self.session_table, self.chat_table, self.notification_table)

    def functions(self) -> tuple[str, ...]:
        """Name the functions, in the order a message meets them."""
        intake = (self.intake_function,) if self.intake_function else ()
        return (*intake, self.queue_function, self.dynamo_function)


def read_resources(aws: Aws, stack: str = STACK) -> Resources:
    """Read the outputs of a stack; raises NotReachable when there is none."""
    outputs = read_outputs(aws, stack)
    try:
        return Resources(
            queue=outputs["QueueUrl"],
            dead_letter_queue=outputs["DeadLetterQueueUrl"],
            reply_retry_queue=outputs["ReplyRetryQueueUrl"],
            reply_dead_letter_queue=outputs["ReplyDeadLetterQueueUrl"],
            stream_failure_queue=outputs["StreamFailureQueueUrl"],
            chat_table=outputs["ChatTableName"],
            session_table=outputs["SessionTableName"],
            notification_table=outputs["NotificationTableName"],
            chat_stream=outputs["ChatStreamArn"],
            queue_function=outputs["QueueFunctionName"],
            dynamo_function=outputs["DynamoFunctionName"],
            intake_function=outputs.get("IntakeFunctionName", ""),
            webhook_url=outputs.get("WebhookUrl", ""),
        )
    except KeyError as error:
        raise NotReachable(
            f"stack {stack} has no output {error.args[0]}", "deploy the current template"
        ) from error


def read_outputs(aws: Aws, stack: str) -> dict[str, str]:
    """Return a stack's outputs by key; raises NotReachable when there is no such stack."""
    outputs = _describe_stack(aws, stack).get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def read_parameters(aws: Aws, stack: str) -> dict[str, str]:
    """Return a stack's parameters by key; raises NotReachable when there is no such stack."""
    parameters = _describe_stack(aws, stack).get("Parameters", [])
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in parameters}


def _describe_stack(aws: Aws, stack: str) -> StackTypeDef:
    try:
        return aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        where = aws.endpoint or f"this account in {aws.region}"
        raise NotReachable(
            f"there is no stack {stack} at {where}", "another name? set UNC_STACK"
        ) from error
