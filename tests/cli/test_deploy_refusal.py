"""What a refused change set tells: the resource and the reason, asked for while there is time."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from unc.aws.session import Aws
from unc.deploy.change_set import Wanted, create_change_set
from unc.errors import DeployFailed

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/unc-create-1/7c3d"
STACK_ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/unc-consumer/9f2a"
WANTED = Wanted("unc-consumer", "CREATE", {"TemplateBody": "{}"}, {})
EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. "
    "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)
EXISTS = "Resource of type 'AWS::SQS::Queue' with identifier 'inbox' already exists."
ASKED = {"ChangeSetName": ARN, "Filters": {"FailedEvents": True}}


def _refuse(stub: Stubber, reason: str) -> None:
    stub.add_response("create_change_set", {"Id": ARN, "StackId": STACK_ARN})
    refused = {"ChangeSetId": ARN, "Status": "FAILED", "StatusReason": reason}
    stub.add_response("describe_change_set", refused)


def _explain(stub: Stubber, *events: dict[str, str]) -> None:
    stub.add_response("describe_events", {"OperationEvents": list(events)}, ASKED)


def _forget(stub: Stubber) -> None:
    stub.add_response("delete_change_set", {}, {"StackName": WANTED.stack, "ChangeSetName": ANY})


def _failed(resource: str, **notified: str) -> dict[str, str]:
    return {"EventType": "VALIDATION_ERROR", "LogicalResourceId": resource, **notified}


def _reason(aws: Aws) -> str:
    with pytest.raises(DeployFailed) as refusal:
        create_change_set(aws, WANTED)
    return str(refusal.value)


def test_the_resource_and_the_reason_come_first(aws: Aws, stub: Stubber) -> None:
    _refuse(stub, EARLY)
    _explain(stub, _failed("Queue", ValidationStatusReason=EXISTS))
    _forget(stub)
    assert _reason(aws).startswith(f"Queue: {EXISTS}")


def test_each_reason_is_shown_once_with_its_place_in_the_template(aws: Aws, stub: Stubber) -> None:
    place = "/Resources/Queue/Properties"
    unknown = _failed(
        "Queue", ValidationStatusReason="Unsupported\n property", ValidationPath=place
    )
    _refuse(stub, EARLY)
    _explain(stub, unknown, unknown, _failed("Chats", ResourceStatusReason="exists"))
    _forget(stub)
    assert _reason(aws).startswith(f"Queue: Unsupported property (at {place}); Chats: exists")


def test_a_hook_has_reasons_too(aws: Aws, stub: Stubber) -> None:
    _refuse(stub, "The following hook(s) failed: [Mine::Own::Hook]")
    _explain(stub, _failed("Chats", HookStatusReason="no tag"))
    _forget(stub)
    assert _reason(aws).startswith("Chats: no tag")


@pytest.mark.parametrize("mode", ["ValidationFailureMode", "HookFailureMode"])
def test_what_merely_warned_did_not_refuse(aws: Aws, stub: Stubber, mode: str) -> None:
    warning = _failed("Queue", ValidationStatusReason="full soon", **{mode: "WARN"})
    _refuse(stub, EARLY)
    _explain(stub, warning, _failed("Chats", ValidationStatusReason="exists"))
    _forget(stub)
    assert _reason(aws).startswith("Chats: exists")


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAction"])
def test_who_may_not_ask_hears_what_the_change_set_says(aws: Aws, stub: Stubber, code: str) -> None:
    _refuse(stub, EARLY)
    stub.add_client_error("describe_events", code)
    _forget(stub)
    assert _reason(aws) == f"the changes were refused: {EARLY}"


def test_a_change_set_without_events_speaks_for_itself(aws: Aws, stub: Stubber) -> None:
    _refuse(stub, "Template error: no such parameter")
    _explain(stub)
    _forget(stub)
    assert _reason(aws) == "the changes were refused: Template error: no such parameter"


def test_nobody_is_asked_why_nothing_changes(aws: Aws, stub: Stubber) -> None:
    _refuse(stub, "The submitted information didn't contain changes.")
    _forget(stub)
    assert create_change_set(aws, WANTED) is None


def test_all_pages_of_events_are_read(aws: Aws, stub: Stubber) -> None:
    _refuse(stub, EARLY)
    first: dict[str, Any] = {"OperationEvents": [], "NextToken": "more"}
    stub.add_response("describe_events", first, ASKED)
    rest = {"OperationEvents": [_failed("Queue", ValidationStatusReason=EXISTS)]}
    stub.add_response("describe_events", rest, {**ASKED, "NextToken": "more"})
    _forget(stub)
    assert _reason(aws).startswith(f"Queue: {EXISTS}")
