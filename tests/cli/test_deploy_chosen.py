"""What was chosen for a stack before, and where there is nothing to ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from unc.aws.session import Aws
from unc.deploy.parameters import read_chosen
from unc.deploy.stack_state import NOT_YET

STACK = "unc-consumer"
NAMED = {"StackName": STACK}
SET = [
    {"ParameterKey": "LogLevel", "ParameterValue": "DEBUG"},
    {"ParameterKey": "QueueName", "ParameterValue": "inbox.fifo"},
]


def _stack(stub: Stubber, status: str) -> None:
    stack = {
        "StackName": STACK,
        "CreationTime": datetime(2026, 11, 22, tzinfo=UTC),
        "StackStatus": status,
        "Parameters": SET,
    }
    stub.add_response("describe_stacks", {"Stacks": [stack]}, NAMED)


def test_what_differs_from_the_stack_s_own_defaults_was_chosen(aws: Aws, stub: Stubber) -> None:
    _stack(stub, "UPDATE_COMPLETE")
    own = [
        {"ParameterKey": "LogLevel", "DefaultValue": "INFO"},
        {"ParameterKey": "QueueName", "DefaultValue": "inbox.fifo"},
    ]
    stub.add_response("get_template_summary", {"Parameters": own}, NAMED)
    assert read_chosen(aws, STACK) == {"LogLevel": "DEBUG"}


@pytest.mark.parametrize("status", NOT_YET)
def test_for_a_stack_that_is_only_a_plan_nothing_was_chosen(
    aws: Aws, stub: Stubber, status: str
) -> None:
    """Comparing makes such a stack, and who may only look may not remove it.

    AWS then answers "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks": here any
    such call is an error.
    """
    _stack(stub, status)
    assert read_chosen(aws, STACK) == {}


def test_without_a_stack_nothing_was_chosen(aws: Aws, stub: Stubber) -> None:
    gone = f"Stack with id {STACK} does not exist"
    stub.add_client_error("describe_stacks", "ValidationError", gone)
    assert read_chosen(aws, STACK) == {}
