"""Queues: who takes over whose failures, for how long, and how safely."""

from typing import Any

import pytest

from consumer.notification.state import ROW_LIFETIME_SECONDS
from tests.template.stack import Stack, named

QUEUES = [
    "Queue",
    "DeadLetterQueue",
    "ReplyRetryQueue",
    "ReplyDeadLetterQueue",
    "StreamFailureQueue",
]
DAY_SECONDS = 24 * 3600
FOURTEEN_DAYS_SECONDS = 14 * DAY_SECONDS
SOURCE_AND_DEAD_LETTERS = [
    ("Queue", "DeadLetterQueue"),
    ("ReplyRetryQueue", "ReplyDeadLetterQueue"),
]


def _arn(stack: Stack, queue: str) -> str:
    arn: str = stack.resolve({"Fn::GetAtt": [queue, "Arn"]})
    return arn


def _policy_of(stack: Stack, queue: str) -> list[dict[str, Any]]:
    policies = stack.of_type("AWS::SQS::QueuePolicy").values()
    [policy] = [policy for policy in policies if policy["Queues"] == [f"Ref:{queue}"]]
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def test_there_are_five_queues() -> None:
    assert named("AWS::SQS::Queue") == QUEUES


def test_the_queues_bear_the_names_that_producers_know(stack: Stack) -> None:
    assert {name: stack.properties(name)["QueueName"] for name in QUEUES} == {
        "Queue": "unc-consumer-queue.fifo",
        "DeadLetterQueue": "unc-consumer-queue-dlq.fifo",
        "ReplyRetryQueue": "unc-consumer-reply-retry",
        "ReplyDeadLetterQueue": "unc-consumer-reply-retry-dlq",
        "StreamFailureQueue": "unc-consumer-stream-failures",
    }


@pytest.mark.parametrize("given", ["inbox", "inbox.fifo"])
def test_the_queue_name_may_come_with_or_without_its_ending(given: str) -> None:
    stack = Stack(QueueName=given)
    assert stack.properties("Queue")["QueueName"] == "inbox.fifo"
    assert stack.properties("DeadLetterQueue")["QueueName"] == "inbox-dlq.fifo"


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_fifo_exactly_when_its_name_says_so(stack: Stack, name: str) -> None:
    queue = stack.properties(name)
    assert queue.get("FifoQueue", False) is queue["QueueName"].endswith(".fifo")


@pytest.mark.parametrize("name", ["Queue", "DeadLetterQueue"])
def test_one_busy_sender_does_not_slow_the_fifo_queue(stack: Stack, name: str) -> None:
    queue = stack.properties(name)
    assert queue["DeduplicationScope"] == "messageGroup"
    assert queue["FifoThroughputLimit"] == "perMessageGroupId"


@pytest.mark.parametrize(
    ("queue", "function"), [("Queue", "QueueFunction"), ("ReplyRetryQueue", "DynamoFunction")]
)
def test_a_message_stays_hidden_for_six_times_its_function_s_timeout(
    stack: Stack, queue: str, function: str
) -> None:
    timeout = stack.properties(function)["Timeout"]
    assert stack.properties(queue)["VisibilityTimeout"] == 6 * timeout


@pytest.mark.parametrize(("source", "dead_letters"), SOURCE_AND_DEAD_LETTERS)
def test_failures_go_to_a_dead_letter_queue_of_the_same_kind(
    stack: Stack, source: str, dead_letters: str
) -> None:
    policy = stack.properties(source)["RedrivePolicy"]
    assert policy["deadLetterTargetArn"] == _arn(stack, dead_letters)
    kinds = [stack.properties(name).get("FifoQueue") for name in (source, dead_letters)]
    assert kinds[0] == kinds[1]


def test_a_queued_message_is_received_as_often_as_the_function_believes() -> None:
    for count in ("10", "4"):
        stack = Stack(MaxReceiveCount=count)
        environment = stack.properties("QueueFunction")["Environment"]["Variables"]
        assert stack.properties("Queue")["RedrivePolicy"]["maxReceiveCount"] == count
        assert environment["MAX_RECEIVE_COUNT"] == count


def test_receives_are_ten_and_five_unless_said_otherwise(stack: Stack) -> None:
    counts = [
        stack.properties(name)["RedrivePolicy"]["maxReceiveCount"]
        for name in ("Queue", "ReplyRetryQueue")
    ]
    assert counts == [10, 5]


@pytest.mark.parametrize(("source", "dead_letters"), SOURCE_AND_DEAD_LETTERS)
def test_a_dead_letter_queue_takes_from_its_own_queue_only(
    stack: Stack, source: str, dead_letters: str
) -> None:
    assert stack.properties(dead_letters)["RedriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [_arn(stack, source)],
    }


@pytest.mark.parametrize("name", ["Queue", "ReplyRetryQueue", "StreamFailureQueue"])
def test_no_other_queue_is_anyone_s_dead_letter_queue(stack: Stack, name: str) -> None:
    assert stack.properties(name)["RedriveAllowPolicy"] == {"redrivePermission": "denyAll"}


@pytest.mark.parametrize(
    "name", ["Queue", "DeadLetterQueue", "ReplyDeadLetterQueue", "StreamFailureQueue"]
)
def test_what_waits_for_a_person_waits_as_long_as_sqs_allows(stack: Stack, name: str) -> None:
    assert stack.properties(name)["MessageRetentionPeriod"] == FOURTEEN_DAYS_SECONDS


def test_a_parked_notification_goes_to_its_dead_letter_queue_long_before_it_expires(
    stack: Stack,
) -> None:
    """A standard queue counts a message's age on from its first queue."""
    queue = stack.properties("ReplyRetryQueue")
    last_receive = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert last_receive * 10 < queue["MessageRetentionPeriod"] < FOURTEEN_DAYS_SECONDS


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted(stack: Stack, name: str) -> None:
    assert stack.properties(name)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_refuses_whoever_comes_without_tls(stack: Stack, name: str) -> None:
    assert _policy_of(stack, name) == [
        {
            "Sid": "OnlyOverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": _arn(stack, name),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_a_sender_s_row_outlives_all_news_that_still_asks_for_it(stack: Stack) -> None:
    """A day in the stream, then the retry queue, then its dead letters, and back from there."""
    waits = [
        stack.properties(name)["MessageRetentionPeriod"]
        for name in ("ReplyRetryQueue", "ReplyDeadLetterQueue", "ReplyRetryQueue")
    ]
    assert DAY_SECONDS + sum(waits) < ROW_LIFETIME_SECONDS
