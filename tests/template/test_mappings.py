"""Event sources: what wakes which function, with how much at once, and what failing costs."""

import json

import pytest

from container import QUEUE_CONNECTIONS
from tests.template.stack import Stack, named

MAPPINGS = named("AWS::Lambda::EventSourceMapping")


def test_each_source_wakes_the_function_that_serves_it(stack: Stack) -> None:
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping")
    assert {
        name: (mapping["EventSourceArn"].rsplit(":", 1)[-1], mapping["FunctionName"])
        for name, mapping in mappings.items()
    } == {
        "QueueMapping": ("unc-consumer-queue.fifo", "Ref:QueueFunction"),
        "StreamMapping": ("ChatTable.StreamArn", "Ref:DynamoFunction"),
        "RetryMapping": ("unc-consumer-reply-retry", "Ref:DynamoFunction"),
    }


def test_a_full_batch_of_messages_uses_each_connection_once(stack: Stack) -> None:
    """A query for each sender, and one read."""
    assert stack.properties("QueueMapping")["BatchSize"] + 1 == QUEUE_CONNECTIONS


def test_a_full_batch_of_the_stream_is_one_round_of_posts(stack: Stack) -> None:
    variables = stack.properties("DynamoFunction")["Environment"]["Variables"]
    most = int(variables["REPLY_MAX_CONCURRENCY"])
    assert stack.properties("StreamMapping")["BatchSize"] <= most
    assert stack.properties("RetryMapping")["BatchSize"] <= most


def test_only_the_stream_waits_for_more(stack: Stack) -> None:
    """FIFO sources allow no window, and a scheduled retry has waited already."""
    window = "MaximumBatchingWindowInSeconds"
    assert [name for name in MAPPINGS if window in stack.properties(name)] == ["StreamMapping"]


@pytest.mark.parametrize(("chosen", "seconds"), [({}, 0), ({"StreamBatchingWindowSeconds": 3}, 3)])
def test_the_stream_s_window_is_what_was_chosen_and_none_by_default(
    chosen: dict[str, int], seconds: int
) -> None:
    mapping = Stack(**chosen).properties("StreamMapping")
    assert mapping["MaximumBatchingWindowInSeconds"] == seconds


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_failed_record_does_not_fail_its_batch(stack: Stack, name: str) -> None:
    assert stack.properties(name)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("mapping", "parameter"),
    [
        ("QueueMapping", "QueueMaximumConcurrency"),
        ("RetryMapping", "RetryMaximumConcurrency"),
    ],
)
def test_a_queue_starts_no_more_invocations_than_allowed(mapping: str, parameter: str) -> None:
    assert _concurrency(Stack(**{parameter: "20"}), mapping) == 20
    assert "ScalingConfig" not in Stack(**{parameter: "0"}).properties(mapping)


def _concurrency(stack: Stack, mapping: str) -> int:
    return int(stack.properties(mapping)["ScalingConfig"]["MaximumConcurrency"])


def test_the_retry_queue_s_concurrency_is_a_number_not_text() -> None:
    """Emulators compare it as it stands, and stop polling a standard queue over text."""
    scaling = Stack(RetryMaximumConcurrency="5").properties("RetryMapping")["ScalingConfig"]
    assert isinstance(scaling["MaximumConcurrency"], int)


def test_the_stream_passes_on_new_inbound_messages_and_nothing_else(stack: Stack) -> None:
    [only] = stack.properties("StreamMapping")["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"chat_type": {"S": ["inbound"]}}},
    }


def test_a_failing_stream_batch_is_halved_and_retried_within_bounds(stack: Stack) -> None:
    mapping = stack.properties("StreamMapping")
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRetryAttempts"] <= 10_000
    assert 60 <= mapping["MaximumRecordAgeInSeconds"] <= 86_400


def test_a_new_stream_is_read_from_its_beginning(stack: Stack) -> None:
    assert stack.properties("StreamMapping")["StartingPosition"] == "TRIM_HORIZON"


def test_discarded_stream_positions_are_noted_in_a_standard_queue(stack: Stack) -> None:
    destination = stack.properties("StreamMapping")["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination == stack.resolve({"Fn::GetAtt": ["StreamFailureQueue", "Arn"]})
    assert not destination.endswith(".fifo")


@pytest.mark.parametrize(
    ("parameter", "attribute", "other"),
    [
        ("StreamParallelizationFactor", "ParallelizationFactor", "1"),
        ("StreamStartingPosition", "StartingPosition", "LATEST"),
        ("StreamMaximumRetryAttempts", "MaximumRetryAttempts", "4"),
        ("StreamMaximumRecordAgeSeconds", "MaximumRecordAgeInSeconds", "60"),
    ],
)
def test_reading_of_the_stream_can_be_tuned(parameter: str, attribute: str, other: str) -> None:
    assert Stack(**{parameter: other}).properties("StreamMapping")[attribute] == other


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_source_is_read_unless_the_stack_is_paused(stack: Stack, name: str) -> None:
    assert stack.properties(name)["Enabled"] is True
    assert Stack(Paused="true").properties(name)["Enabled"] is False
