"""What the tool asks of AWS, and what the emulator answers, is as AWS's own models say.

A shape that only the emulator takes would fail here. The functions' calls: test_roles.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.model import OperationModel

from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from tests.e2e.world import eventually, new_sender, write
from tests.support.service_model import faults_of_request, faults_of_response
from tests.template.deploy_role import granted_to_deploy
from unc.aws.logs import read_lines, since
from unc.aws.resources import STACK, Resources
from unc.aws.session import Aws, local_aws
from unc.aws.status import read_status
from unc.aws.tables import Tables
from unc.deploy import teardown
from unc.deploy.deployment import Plan, deploy, preview
from unc.deploy.package import build_package
from unc.dlq import operations
from unc.dlq.queues import choose_queues
from unc.local.emulator import running_emulator
from unc.local.reply_stand_in import running_stand_in
from unc.local.reply_writer import ReplyWriter
from unc.local.stack import ensure_secret
from unc.messages.message import Message
from unc.messages.replay import plan_replay, queue_replay
from unc.messages.send import send_messages
from unc.messages.tracker import MessageTracker
from unc.person.erasure import erase, plan_erasure
from unc.person.export import export_person

pytestmark = pytest.mark.emulator


# A call whose right has another name, and calls that need none or are this test's own.
RIGHTS = {"s3:HeadObject": "s3:GetObject"}
NEED_NO_RIGHT = {
    "sts:GetCallerIdentity",
    "secretsmanager:CreateSecret",
    "secretsmanager:GetSecretValue",
}
# What the emulator answers otherwise, and why that hides nothing.
ODD = {
    "cloudformation:DescribeStackEvents response.StackEvents[n].ResourceStatus: "
    "'REVIEW_IN_PROGRESS' is none of ResourceStatus": "AWS does so too, against its own model",
    "lambda:GetFunctionConfiguration response.LastUpdateStatusReasonCode: "
    "'' is none of LastUpdateStatusReasonCode": "AWS leaves it out; the tool does not read it",
    "lambda:GetFunctionConfiguration response.StateReasonCode: "
    "'' is none of StateReasonCode": "AWS leaves it out; the tool does not read it",
}


@dataclass
class Calls:
    """Every call of some clients: what was called, and what is not as the models say."""

    made: set[str] = field(default_factory=set)
    by_deploy: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)

    def watch(self, aws: Aws) -> None:
        events = aws.session.events
        events.register("before-parameter-build", self._note_request)
        events.register("after-call", self._note_response)

    def _note_request(self, params: Any, model: OperationModel, **_: Any) -> None:
        self.made.add(f"{model.service_model.service_name}:{model.name}")
        self.refused |= {*faults_of_request(model, params)}

    def _note_response(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            answer = {k: v for k, v in parsed.items() if k != "ResponseMetadata"}
            faults = faults_of_response(model, answer)
            self.odd |= {re.sub(r"\[\d+\]", "[n]", fault) for fault in faults}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """All that the tool does, from the first deployment to the removal of the stack."""
    calls = Calls()
    with running_emulator() as emulator:
        aws = local_aws(emulator.endpoint, "us-east-1")
        calls.watch(aws)
        secret = ensure_secret(aws, None)
        package = build_package(tmp_path_factory.mktemp("package") / "code.zip")
        with running_stand_in(secret, ReplyWriter(aws, "sessions", "chats")) as reply:
            plan = Plan(package, {"ReplyServiceUrl": reply.url}, STACK)
            resources = deploy(aws, plan, _ignore)
            preview(
                aws,
                Plan(package, {"ReplyServiceUrl": reply.url, "LogLevel": "DEBUG"}, STACK),
                _ignore,
            )
            deploy(aws, Plan(package, {"LogLevel": "DEBUG"}, STACK), _ignore)
            calls.by_deploy |= calls.made
            _use(aws, resources)
        names = [*resources.tables(), *map(_name_of, resources.queues().values())]
        to_delete = [name for name in names if "failures" not in name]
        teardown.destroy(aws, STACK, teardown.plan_teardown(aws, STACK, to_delete, ()), _ignore)
    yield calls


def _use(aws: Aws, resources: Resources) -> None:
    """What the commands do with messages, dead letters and a person."""
    tables, message = Tables(aws, resources), write(new_sender(), "hi")
    tracker = MessageTracker(tables, [message])
    tracker.start(send_messages(aws, resources.queue, [message], one_group=False))
    assert tracker.follow(900, lambda: None)
    read_status(aws, resources)
    eventually(lambda: bool([*read_lines(aws, resources.functions(), since(10))]), "logs")
    queue_replay(aws, resources, plan_replay(tables, message.sender_id, 2_000_000_000))
    _lay_down(aws, resources, message)
    queues = choose_queues(resources, None)
    operations.look(aws, queues, 10)
    assert [*operations.redrive_queues(aws, queues)]
    _lay_down(aws, resources, message)
    assert [*export_person(tables, [message.sender_id])]
    plan_erasure(tables, [message.sender_id])
    erase(tables, [message.sender_id], _ignore)


def _lay_down(aws: Aws, resources: Resources, message: Message) -> None:
    aws.sqs.send_message(
        QueueUrl=resources.dead_letter_queue,
        MessageBody=message.body,
        MessageGroupId="webhook_group",
        MessageDeduplicationId=write(new_sender(), "").message_id,
    )
    record = Notification(message.sender_id, message.message_id, "a-session", 1)  # type: ignore[arg-type]
    aws.sqs.send_message(QueueUrl=resources.reply_dead_letter_queue, MessageBody=retry_body(record))


def _ignore(line: str) -> None:
    """Report nothing."""


def _name_of(url: str) -> str:
    return Path(url).name


def test_aws_would_take_every_request_of_the_tool(calls: Calls) -> None:
    assert sorted(calls.refused) == []


def test_the_emulator_answers_as_aws_would(calls: Calls) -> None:
    assert calls.odd <= ODD.keys()


def test_the_role_that_deploys_may_make_every_call_of_a_deployment(calls: Calls) -> None:
    """What CloudFormation calls in its name: tests/template/test_deploy_role.py."""
    needed = {RIGHTS.get(call, call) for call in calls.by_deploy} - NEED_NO_RIGHT
    assert "cloudformation:ExecuteChangeSet" in needed
    assert needed - granted_to_deploy() == set()


@pytest.mark.parametrize(
    "call",
    [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteStack",
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteTable",
        "dynamodb:Query",
        "logs:FilterLogEvents",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:DeleteMessageBatch",
        "sqs:SendMessageBatch",
    ],
)
def test_these_calls_are_among_them(call: str, calls: Calls) -> None:
    assert call in calls.made
