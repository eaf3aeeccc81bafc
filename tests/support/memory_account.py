"""An AWS account in memory, for the tool's own clients: they build and check each request.

It answers where botocore would send. What no page of ours may ask is not there, and fails.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from consumer.aws.attribute_values import to_item
from tests.support.memory.queues import FifoQueue, Message, StandardQueue
from unc.aws.resources import Resources
from unc.aws.session import Aws, without_profile

ACCOUNT = "111111111111"
RESOURCES = Resources(
    queue="https://sqs/queue.fifo",
    dead_letter_queue="https://sqs/dead.fifo",
    reply_retry_queue="https://sqs/retry",
    reply_dead_letter_queue="https://sqs/reply-dead",
    stream_failure_queue="https://sqs/stream-failures",
    chat_table="chats",
    session_table="sessions",
    notification_table="notifications",
    chat_stream="arn:aws:dynamodb:us-east-1:111111111111:table/chats/stream/1",
    queue_function="unc-queue-lambda",
    dynamo_function="unc-dynamo-lambda",
    intake_function="unc-intake-lambda",
    webhook_url="https://abc.lambda-url.us-east-1.on.aws/",
)
_KEYS = {
    "chats": ("sender_id", "message_id"),
    "sessions": ("session_id",),
    "notifications": ("sender_id",),
}
_CONDITION = re.compile(r"(\w+) (=|<|>=) (:\w+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
}

_Row = dict[str, dict[str, Any]]
_Answer = dict[str, Any]


@dataclass
class MemoryAccount:
    """`calls` holds every request as (operation, parameters); `refuses` an error code for some.

    `made_at`: epoch seconds; what is laid into it counts from there, however long that takes.
    """

    made_at: int = field(default_factory=lambda: int(time.time()))
    tables: dict[str, list[_Row]] = field(default_factory=lambda: {name: [] for name in _KEYS})
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    ringing: list[str] = field(default_factory=list)
    log: list[tuple[str, float, str]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    queues: dict[str, FifoQueue | StandardQueue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for url in RESOURCES.queues().values():
            kind = FifoQueue if url.endswith(".fifo") else StandardQueue
            self.queues[url] = kind(url.rpartition("/")[2], time.time)

    def aws(self, endpoint: str | None = None) -> Aws:
        """Return clients of the account; with an endpoint they take it for an emulator."""
        botocore_session = without_profile()
        botocore_session.register("before-parameter-build", self._note)
        botocore_session.register("before-call", self._answer)
        session = boto3.Session("key", "secret", None, "us-east-1", botocore_session)
        return Aws(session, endpoint)

    def put(self, table: str, **attributes: Any) -> None:
        """Write an item."""
        self.tables[table].append(to_item(attributes))

    @property
    def operations(self) -> list[str]:
        """The names of all calls so far."""
        return [name for name, _ in self.calls]

    def _note(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["parameters"] = params
        self.calls.append((model.name, params))

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, _Answer]:
        parameters = context["parameters"]
        if code := self.refuses.get(model.name):
            error = {"Error": {"Code": code, "Message": "refused by the test"}}
            return AWSResponse("", 400, {}, None), error
        answer = _ANSWERS[model.name](self, parameters)
        return AWSResponse("", 200, {}, None), answer

    def query(self, request: Mapping[str, Any]) -> _Answer:
        """Answer a Query: by condition and filter, in the index's order, so many, one page."""
        values = request["ExpressionAttributeValues"]
        wanted = _CONDITION.findall(request["KeyConditionExpression"])
        rows = [r for r in self.tables[request["TableName"]] if _fits(r, wanted, values)]
        rows.sort(key=_moment, reverse=not request.get("ScanIndexForward", True))
        rows = rows[: request.get("Limit", len(rows))]
        kept = _CONDITION.findall(request.get("FilterExpression", ""))
        return {"Items": [row for row in rows if _fits(row, kept, values)]}

    def batch_get_item(self, request: Mapping[str, Any]) -> _Answer:
        """Answer a BatchGetItem whole."""
        found: dict[str, list[_Row]] = {}
        for table, wanted in request["RequestItems"].items():
            assert len(wanted["Keys"]) <= 100
            keys = [{name: key[name] for name in _KEYS[table]} for key in wanted["Keys"]]
            found[table] = [
                row
                for row in self.tables[table]
                if {name: row[name] for name in _KEYS[table]} in keys
            ]
        return {"Responses": found}

    def describe_table(self, request: Mapping[str, Any]) -> _Answer:
        """Answer with the table's own count."""
        return {"Table": {"ItemCount": len(self.tables[request["TableName"]])}}

    def get_queue_attributes(self, request: Mapping[str, Any]) -> _Answer:
        """Answer with a queue's counts."""
        messages = self.queues[request["QueueUrl"]].messages.values()
        hidden = sum(each.visible_at > time.time() for each in messages)
        counts = {"": len(messages) - hidden, "NotVisible": hidden, "Delayed": 0}
        names = {f"ApproximateNumberOfMessages{name}": str(n) for name, n in counts.items()}
        return {"Attributes": names}

    def receive_message(self, request: Mapping[str, Any]) -> _Answer:
        """Hide and hand out messages."""
        queue = self.queues[request["QueueUrl"]]
        limit, hidden = request["MaxNumberOfMessages"], request["VisibilityTimeout"]
        return {"Messages": [_received(each) for each in queue.receive(limit, hidden, Random(0))]}

    def change_visibility(self, request: Mapping[str, Any]) -> _Answer:
        """Let messages show again."""
        for message in self._messages_of(request):
            message.visible_at = 0.0
        return {"Successful": [{"Id": each["Id"]} for each in request["Entries"]]}

    def delete_messages(self, request: Mapping[str, Any]) -> _Answer:
        """Delete messages for good."""
        for message in self._messages_of(request):
            self.queues[request["QueueUrl"]].delete(message)
        return {"Successful": [{"Id": each["Id"]} for each in request["Entries"]]}

    def _messages_of(self, request: Mapping[str, Any]) -> list[Message]:
        lying = self.queues[request["QueueUrl"]].messages
        return [lying[entry["ReceiptHandle"]] for entry in request["Entries"]]

    def send_messages(self, request: Mapping[str, Any]) -> _Answer:
        """Take a batch of messages."""
        queue = self.queues[request["QueueUrl"]]
        done = [
            {"Id": each["Id"], "MessageId": queue.send(each["MessageBody"]).id}
            for each in request["Entries"]
        ]
        return {"Successful": done}

    def describe_alarms(self, request: Mapping[str, Any]) -> _Answer:
        """Answer with a silent alarm, and those that ring."""
        states = {"Quiet": "OK"} | dict.fromkeys(self.ringing, "ALARM")
        return {
            "MetricAlarms": [
                {
                    "AlarmName": f"unc-consumer-{name}-ABC",
                    "StateValue": state,
                    "AlarmDescription": f"what {name} means",
                    "StateUpdatedTimestamp": datetime(2026, 11, 25, tzinfo=UTC),
                }
                for name, state in states.items()
            ]
        }

    def filter_log_events(self, request: Mapping[str, Any]) -> _Answer:
        """Answer with a function's lines that hold one of the words looked for."""
        words = re.findall(r'"([^"]+)"', request["filterPattern"])
        name = request["logGroupName"].rpartition("/")[2]
        lines = [line for line in self.log if line[0] == name and any(w in line[2] for w in words)]
        return {"events": [{"timestamp": int(at * 1000), "message": m} for _, at, m in lines]}

    def get_function(self, request: Mapping[str, Any]) -> _Answer:
        """Answer with a function's settings, its environment too, as AWS does."""
        variables = {"INTELLIGENCE_API_SECRET": "a-secret-of-a-function", **self.variables}
        settings = {"State": "Active", "Runtime": "python3.14", "MemorySize": 256}
        return {**settings, "Environment": {"Variables": variables}}


def _fits(row: _Row, conditions: list[tuple[str, str, str]], values: Mapping[str, Any]) -> bool:
    return all(
        name in row and _COMPARE[how](_plain(row[name]), _plain(values[value]))
        for name, how, value in conditions
    )


def _plain(value: Mapping[str, Any]) -> Any:
    return Decimal(value["N"]) if "N" in value else next(iter(value.values()))


def _moment(row: _Row) -> Any:
    return _plain(row["created_at"]) if "created_at" in row else 0


def _received(message: Message) -> dict[str, Any]:
    system = {"SentTimestamp": str(message.sent_ms), "SequenceNumber": f"{message.sequence:020d}"}
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in message.attributes.items()
    }
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.id,
        "Body": message.body,
        "Attributes": system | ({"MessageGroupId": message.group} if message.group else {}),
        "MessageAttributes": attributes,
    }


def _mappings(account: MemoryAccount, request: Mapping[str, Any]) -> _Answer:
    arn = "arn:aws:sqs:us-east-1:111111111111:queue.fifo"
    return {"EventSourceMappings": [{"EventSourceArn": arn, "State": "Enabled"}]}


_ANSWERS: dict[str, Callable[[MemoryAccount, Mapping[str, Any]], _Answer]] = {
    "Query": MemoryAccount.query,
    "BatchGetItem": MemoryAccount.batch_get_item,
    "DescribeTable": MemoryAccount.describe_table,
    "GetQueueAttributes": MemoryAccount.get_queue_attributes,
    "ReceiveMessage": MemoryAccount.receive_message,
    "ChangeMessageVisibilityBatch": MemoryAccount.change_visibility,
    "DeleteMessageBatch": MemoryAccount.delete_messages,
    "SendMessageBatch": MemoryAccount.send_messages,
    "DescribeAlarms": MemoryAccount.describe_alarms,
    "FilterLogEvents": MemoryAccount.filter_log_events,
    "GetFunctionConfiguration": MemoryAccount.get_function,
    "ListEventSourceMappings": _mappings,
    "GetSecretValue": lambda account, request: {"SecretString": "a-secret-of-an-account"},
}
