"""Queues: who takes over whose failures, for how long, and how safely."""

import pytest

from config import notifier_settings
from consumer.notification.state import ROW_LIFETIME_SECONDS
from tests.template.stack import Stack, named

QUEUES = named("AWS::SQS::Queue")
DAY_SECONDS = 24 * 3600
FOURTEEN_DAYS_SECONDS = 14 * DAY_SECONDS
SOURCE_AND_DEAD_LETTERS = [
    ("Queue", "DeadLetterQueue"),
    ("ReplyRetryQueue", "ReplyDeadLetterQueue"),
]


def _arn(stack: Stack, queue: str) -> str:
    arn: str = stack.resolve({"Fn::GetAtt": [queue, "Arn"]})
    return arn


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
        assert stack.properties("Queue")["RedrivePolicy"]["maxReceiveCount"] == count


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_takes_dead_letters_from_the_queues_that_send_them_to_it(
    stack: Stack, name: str
) -> None:
    arn = _arn(stack, name)
    sources = [
        _arn(stack, source)
        for source in QUEUES
        if stack.properties(source).get("RedrivePolicy", {}).get("deadLetterTargetArn") == arn
    ]
    by_queue = {"redrivePermission": "byQueue", "sourceQueueArns": sources}
    allowed = by_queue if sources else {"redrivePermission": "denyAll"}
    assert stack.properties(name)["RedriveAllowPolicy"] == allowed


def test_the_code_finds_the_replies_dead_letter_queue_by_its_default_name(stack: Stack) -> None:
    names = [stack.properties(n)["QueueName"] for n in ("ReplyRetryQueue", "ReplyDeadLetterQueue")]
    settings = {"DYNAMODB_CHAT_TABLE": "chats", "DYNAMODB_SESSION_TABLE": "sessions"}
    settings["REPLY_RETRY_QUEUE_URL"] = f"https://sqs/{names[0]}"
    assert notifier_settings(settings).reply_dlq_url == f"https://sqs/{names[1]}"


@pytest.mark.parametrize(
    "name", ["Queue", "DeadLetterQueue", "ReplyDeadLetterQueue", "StreamFailureQueue"]
)
def test_what_waits_for_a_person_waits_as_long_as_sqs_allows(stack: Stack, name: str) -> None:
    assert stack.properties(name)["MessageRetentionPeriod"] == FOURTEEN_DAYS_SECONDS


def test_a_scheduled_retry_goes_to_its_dead_letter_queue_before_it_expires(
    stack: Stack,
) -> None:
    """A standard queue counts a message's age on from its first queue."""
    queue = stack.properties("ReplyRetryQueue")
    last_receive = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert last_receive < queue["MessageRetentionPeriod"] < FOURTEEN_DAYS_SECONDS


def test_a_sender_s_row_outlives_all_notifications_that_still_need_it(stack: Stack) -> None:
    """A day in the stream, then the retry queue, then its dead letters, and back from there."""
    waits = [
        stack.properties(name)["MessageRetentionPeriod"]
        for name in ("ReplyRetryQueue", "ReplyDeadLetterQueue", "ReplyRetryQueue")
    ]
    assert DAY_SECONDS + sum(waits) < ROW_LIFETIME_SECONDS
