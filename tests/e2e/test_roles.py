"""Each role holds what its function asks for in every situation, and nothing that it never does.

What the functions call is recorded; what Lambda does in their name stands in its documentation.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from consumer.conversation.session_key_store import KEY_ROW
from tests.e2e.events import queue_event, stream_event
from tests.e2e.recorder import Grant, Recorder, recording
from tests.e2e.world import World, new_sender, write
from tests.support.builders import body
from tests.support.intake import signed_event
from tests.template.stack import Stack, named
from unc.local.reply_stand_in import ReplyStandIn, running_stand_in
from unc.messages.message import Message
from unc.messages.webhook import find_intake

pytestmark = pytest.mark.emulator

SRC = Path(__file__).parents[2] / "src"
SCRIPT = """
import importlib, json, sys
class Context:
    aws_request_id = "recorded"
    def get_remaining_time_in_millis(self):
        return 90_000
entry, event = json.load(sys.stdin)
module, name = entry.split(".")
getattr(importlib.import_module(module), name)(event, Context())
"""
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
QUEUE_SOURCE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
STREAM_SOURCE = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
# Knows no resource to name.
NAMELESS = ("dynamodb:ListStreams",)
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


class Function:
    """One of the three functions, run outside the emulator with its calls recorded."""

    def __init__(self, world: World, name: str, recorder: Recorder) -> None:
        found = world.stack.aws.functions.get_function_configuration(FunctionName=name)
        self.entry = found["Handler"]
        self.environment = found["Environment"]["Variables"] | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SRC),
            "AWS_REGION": world.stack.aws.region,
            "AWS_ENDPOINT_URL": recorder.url,
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def handle(self, event: dict[str, Any], **environment: str) -> None:
        """A cold start for each event: so the secret is asked for, too."""
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            input=json.dumps([self.entry, event]),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-2000:]


def _use_queue_function(world: World, recorder: Recorder) -> None:
    """New and known senders, and bodies that are none; the first container makes the key."""
    function = Function(world, world.resources.queue_function, recorder)
    sender = new_sender()
    with _without_session_key(world):
        for text in ("first", "second"):
            function.handle(queue_event([write(sender, text), write(new_sender(), text)]))
        function.handle(queue_event([Message("none", "", "", "none", False)]))


@contextlib.contextmanager
def _without_session_key(world: World) -> Iterator[None]:
    """As in a stack that is new; the others' containers find their key again afterwards."""
    dynamodb, table = world.stack.aws.dynamodb, world.resources.notification_table
    row: Any = {"sender_id": {"S": KEY_ROW}}
    before: Any = dynamodb.get_item(TableName=table, Key=row, ConsistentRead=True).get("Item")
    dynamodb.delete_item(TableName=table, Key=row)
    yield
    if before:
        dynamodb.put_item(TableName=table, Item=before)


def _use_notifier(world: World, recorder: Recorder) -> None:
    """Notifications: accepted, scheduled, rejected, of unknown outcome, from the retry queue."""
    function = Function(world, world.resources.dynamo_function, recorder)
    with _reply_service(world) as reply:
        for status in (None, 503, 422):
            reply.fail_with = status
            function.handle(_new_message(), REPLY_SERVICE_URL=reply.url)
        # The second time the outcome is looked up, and that there is none is confirmed.
        unknown = _new_message()
        for status in (504, None):
            reply.fail_with = status
            function.handle(unknown, REPLY_SERVICE_URL=reply.url, REPLY_OUTCOME_SECONDS="0")
        function.handle(_scheduled(world), REPLY_SERVICE_URL=reply.url)


def _use_intake(world: World, recorder: Recorder) -> None:
    """Webhooks of the three kinds of bodies, and a forged one; each fetches the token."""
    function = Function(world, world.resources.intake_function, recorder)
    token = find_intake(world.stack.aws, world.resources).token
    texts = [write(new_sender(), "a webhook").body, body(SmsStatus="sent"), "EventType=none"]
    for event in [*(signed_event(text, token) for text in texts), signed_event(token="forged")]:
        function.handle(event)


@contextlib.contextmanager
def _reply_service(world: World) -> Iterator[ReplyStandIn]:
    with running_stand_in(world.stack.secret, world.reply.writer) as reply:
        yield reply


def _new_message() -> dict[str, object]:
    return stream_event(write(new_sender(), "new"), "a-session")


def _scheduled(world: World) -> dict[str, Any]:
    message = write(new_sender(), "scheduled")
    world.send(message.body)
    world.await_notified(message)
    body = {
        "sender_id": message.sender_id,
        "message_id": message.message_id,
        "session_id": "a-session",
        "stored_at": "9000000000",
        "attempt": 2,
    }
    return {
        "Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(body)}],
    }


def _granted(role: str) -> set[Grant]:
    """What the role holds, resources in short."""
    policies = Stack().properties(role)["Policies"]
    return {
        (action, _short(resource))
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _done_by_lambda(function: str) -> set[Grant]:
    """What Lambda does in the function's name: logs, traces, and its event sources."""
    logs = Stack().properties(function)["LoggingConfig"]["LogGroup"].removeprefix("Ref:")
    found = {(action, logs) for action in LOGS} | {(action, "*") for action in TRACES}
    for mapping in map(Stack().properties, named("AWS::Lambda::EventSourceMapping")):
        if mapping["FunctionName"] == f"Ref:{function}":
            source = _short(mapping["EventSourceArn"])
            actions = STREAM_SOURCE if source.endswith("Stream") else QUEUE_SOURCE
            found |= {(action, "*" if action in NAMELESS else source) for action in actions}
            on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
            found |= {("sqs:SendMessage", _short(arn)) for arn in on_failure.values()}
    return found


def _short(resource: str) -> str:
    """Tables, groups and streams by the template's names, queues and secrets by their own."""
    name = resource.removeprefix("Ref:").rpartition(":")[2]
    for logical in named("AWS::DynamoDB::Table"):
        table = str(Stack().properties(logical)["TableName"])
        name = re.sub(rf"^{logical}\.Arn", table, name)
    return name.removesuffix(".Arn").replace(".StreamArn", " Stream")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _lacking(needed: set[Grant], granted: set[Grant]) -> set[Grant]:
    """What no grant covers."""
    return {need for need in needed if not any(_covers(grant, need) for grant in granted)}


def _covers(grant: Grant, need: Grant) -> bool:
    """A secret's ARN ends in six characters of its own, so that its grant is a pattern."""
    action, resource = grant
    secret = "-abcdef" if action.startswith("secretsmanager:") else ""
    return action == need[0] and fnmatch(need[1] + secret, resource)


@pytest.mark.parametrize(
    ("function", "role", "use"),
    [
        ("QueueFunction", "QueueFunctionRole", _use_queue_function),
        ("DynamoFunction", "DynamoFunctionRole", _use_notifier),
        ("IntakeFunction", "IntakeFunctionRole", _use_intake),
    ],
    ids=["the queue function", "the notifier", "the intake"],
)
def test_a_role_holds_what_its_function_uses_and_nothing_else(
    world: World, function: str, role: str, use: Any
) -> None:
    with recording(world.stack.endpoint) as recorder:
        use(world, recorder)
    assert sorted(recorder.faults) == [], "not as AWS's models say"
    granted, by_lambda = _granted(role), _done_by_lambda(function)
    assert _lacking(recorder.seen, granted) == set(), "asked for, not granted"
    assert _lacking(by_lambda, granted) == set(), "Lambda needs it, not granted"
    used = {grant for grant in granted if any(_covers(grant, one) for one in recorder.seen)}
    assert granted - used - by_lambda == set(), "granted, never used"


def test_a_call_that_is_not_granted_would_be_noticed() -> None:
    granted = _granted("QueueFunctionRole")
    assert _lacking({("dynamodb:DeleteItem", "chats")}, granted)
    assert _lacking({("dynamodb:Query", "notifications")}, granted)
    assert not _lacking({("dynamodb:PutItem", "chats")}, granted)
