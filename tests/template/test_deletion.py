"""What stays when the stack goes: conversations and messages, and nothing else."""

import pytest

from tests.template.stack import template

OUTLIVES_THE_STACK = {
    "Queue",
    "DeadLetterQueue",
    "ReplyRetryQueue",
    "ReplyDeadLetterQueue",
    "SessionTable",
    "ChatTable",
    "NotificationTable",
}
# They would go anyway; that it is meant stands in the template.
GOES_WITH_THE_STACK = {
    "StreamFailureQueue",
    "QueueFunctionLogs",
    "DynamoFunctionLogs",
    "IntakeFunctionLogs",
}


def _with_policy(attribute: str, policy: str) -> set[str]:
    resources = template()["Resources"].items()
    return {name for name, resource in resources if resource.get(attribute) == policy}


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_what_holds_messages_or_conversations_stays(attribute: str) -> None:
    assert _with_policy(attribute, "Retain") == OUTLIVES_THE_STACK


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_logs_and_stream_positions_go(attribute: str) -> None:
    assert _with_policy(attribute, "Delete") == GOES_WITH_THE_STACK
