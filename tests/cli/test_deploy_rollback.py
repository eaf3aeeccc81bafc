"""What stops a rollback, as CloudFormation tells it."""

from datetime import UTC, datetime
from itertools import count

import pytest
from botocore.stub import Stubber

from unc.aws.session import Aws
from unc.deploy.stack_events import STACK_TYPE, what_blocks_rollback
from unc.deploy.stack_state import settle_stack
from unc.errors import DeployFailed
from unc.takeover.inventory import read_owned

STACK = "unc-consumer"
# As AWS lists them, the newest last; the stack's own events carry its name.
FAILED_TWICE = [
    (STACK, "UPDATE_IN_PROGRESS", "User Initiated"),
    ("Dashboard", "CREATE_FAILED", "the update's own trouble"),
    (STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [D]"),
    ("DynamoFunction", "UPDATE_FAILED", "Resource update cancelled"),
    ("QueueFunction", "UPDATE_FAILED", "the code is not there"),
    (STACK, "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Q]"),
]
STOPPED_AGAIN = [
    (STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
    ("QueueFunction", "UPDATE_FAILED", "the code is still not there"),
    (STACK, "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Q]"),
]

Event = tuple[str, str, str]


def test_it_is_the_rollback_s_trouble_and_not_the_update_s(aws: Aws, stub: Stubber) -> None:
    _answer_events(stub, FAILED_TWICE)
    _answer_events(stub, FAILED_TWICE)
    assert what_blocks_rollback(aws, STACK) == "QueueFunction failed: the code is not there"


def test_a_rollback_that_stops_again_is_reported(aws: Aws, stub: Stubber) -> None:
    now = [*FAILED_TWICE, *STOPPED_AGAIN]
    _answer_status(stub, "UPDATE_ROLLBACK_FAILED")
    _answer_events(stub, FAILED_TWICE)
    stub.add_response("continue_update_rollback", {}, {"StackName": STACK})
    _answer_status(stub, "UPDATE_ROLLBACK_FAILED")
    _answer_events(stub, now)
    _answer_events(stub, now)
    with pytest.raises(
        DeployFailed, match="stopped again: QueueFunction failed: the code is still"
    ):
        settle_stack(aws, STACK, _ignore)


def test_a_rollback_that_comes_to_its_end_is_no_trouble(aws: Aws, stub: Stubber) -> None:
    _answer_status(stub, "UPDATE_ROLLBACK_FAILED")
    _answer_events(stub, FAILED_TWICE)
    stub.add_response("continue_update_rollback", {}, {"StackName": STACK})
    _answer_status(stub, "UPDATE_ROLLBACK_COMPLETE")
    _answer_events(stub, FAILED_TWICE)
    settle_stack(aws, STACK, _ignore)


def test_what_a_rollback_was_to_remove_is_no_longer_the_stack_s(aws: Aws, stub: Stubber) -> None:
    statuses = {
        "ChatTable": "UPDATE_COMPLETE",
        "NotificationTable": "DELETE_FAILED",
        "ReplyRetryQueue": "DELETE_SKIPPED",
        "StreamFailureQueue": "DELETE_COMPLETE",
    }
    found = [
        {
            "LogicalResourceId": resource,
            "ResourceType": "any",
            "ResourceStatus": status,
            "LastUpdatedTimestamp": datetime.now(UTC),
        }
        for resource, status in statuses.items()
    ]
    stub.add_response("list_stack_resources", {"StackResourceSummaries": found})
    assert read_owned(aws, STACK).keys() == {"ChatTable"}


def _answer_status(stub: Stubber, status: str) -> None:
    stack = {"StackName": STACK, "StackStatus": status, "CreationTime": datetime.now(UTC)}
    stub.add_response("describe_stacks", {"Stacks": [stack]})


def _answer_events(stub: Stubber, events: list[Event]) -> None:
    number = count()
    described = [
        {
            "StackId": STACK,
            "EventId": str(next(number)),
            "StackName": STACK,
            "LogicalResourceId": resource,
            "ResourceType": STACK_TYPE if resource == STACK else "AWS::Lambda::Function",
            "Timestamp": datetime.now(UTC),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }
        for resource, status, reason in events
    ]
    stub.add_response("describe_stack_events", {"StackEvents": described[::-1]})


def _ignore(line: str) -> None:
    """Tell nobody."""
