"""Alarms: each state that needs a person calls one, and nothing else does."""

from typing import Any

import pytest

from consumer import metrics
from consumer.notification.retry_queue import delay_seconds
from tests.template.stack import Stack, named

TOPIC = f"arn:aws:sns:eu-central-1:{'1' * 12}:on-call"
ALARMS: dict[str, tuple[str, str, str]] = {
    "DeadLettersAlarm": (
        "ApproximateNumberOfMessagesVisible",
        "DeadLetterQueue.QueueName",
        "any",
    ),
    "ReplyDeadLettersAlarm": (
        "ApproximateNumberOfMessagesVisible",
        "ReplyDeadLetterQueue.QueueName",
        "any",
    ),
    "StreamFailureAlarm": (
        "ApproximateNumberOfMessagesVisible",
        "StreamFailureQueue.QueueName",
        "any",
    ),
    "QueueAgeAlarm": ("ApproximateAgeOfOldestMessage", "Queue.QueueName", "late"),
    "RetryAgeAlarm": ("ApproximateAgeOfOldestMessage", "ReplyRetryQueue.QueueName", "late"),
    "StreamAgeAlarm": ("IteratorAge", "Ref:DynamoFunction", "late"),
    "RetriesScheduledAlarm": ("RetriesScheduled", "Ref:DynamoFunction", "still"),
    "UnknownOutcomesAlarm": ("UnknownOutcomes", "Ref:DynamoFunction", "once"),
    "QueueErrorsAlarm": ("Errors", "Ref:QueueFunction", "again"),
    "QueueThrottlesAlarm": ("Throttles", "Ref:QueueFunction", "again"),
    "DynamoErrorsAlarm": ("Errors", "Ref:DynamoFunction", "again"),
    "DynamoThrottlesAlarm": ("Throttles", "Ref:DynamoFunction", "again"),
}
# What makes it ring: statistic, period in seconds, how many periods out of how many.
PATIENCE = {
    "any": ("Maximum", 60, 1, 1),
    "once": ("Sum", 60, 1, 1),
    "late": ("Maximum", 60, 3, 3),
    "again": ("Sum", 300, 2, 3),
    "still": ("Sum", 900, 2, 2),
}


OWN_METRICS = {"RetriesScheduledAlarm", "UnknownOutcomesAlarm"}


def _namespace(name: str, watched: str) -> str:
    if name in OWN_METRICS:
        return metrics.NAMESPACE
    return "AWS/SQS" if watched.endswith(".QueueName") else "AWS/Lambda"


def _watched(alarm: dict[str, Any]) -> tuple[str, str, str]:
    [dimension] = alarm["Dimensions"]
    return alarm["MetricName"], dimension["Name"], dimension["Value"]


def test_these_are_the_alarms() -> None:
    assert set(named("AWS::CloudWatch::Alarm")) == set(ALARMS)


@pytest.mark.parametrize(("name", "expected"), ALARMS.items())
def test_an_alarm_watches_its_queue_or_function(
    stack: Stack, name: str, expected: tuple[str, str, str]
) -> None:
    metric, watched, _ = expected
    dimension = "QueueName" if watched.endswith(".QueueName") else "FunctionName"
    alarm = stack.properties(name)
    assert _watched(alarm) == (metric, dimension, watched)
    assert alarm["Namespace"] == _namespace(name, watched)


@pytest.mark.parametrize(("name", "expected"), ALARMS.items())
def test_an_alarm_rings_when_it_should_and_not_before(
    stack: Stack, name: str, expected: tuple[str, str, str]
) -> None:
    alarm = stack.properties(name)
    observed = (
        alarm["Statistic"],
        alarm["Period"],
        alarm["DatapointsToAlarm"],
        alarm["EvaluationPeriods"],
    )
    assert observed == PATIENCE[expected[2]]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


@pytest.mark.parametrize("name", [name for name, (*_, when) in ALARMS.items() if when != "late"])
def test_one_is_too_many(stack: Stack, name: str) -> None:
    assert stack.properties(name)["Threshold"] == 0


def test_a_lost_container_alone_makes_the_queue_not_late(stack: Stack) -> None:
    hidden = stack.properties("Queue")["VisibilityTimeout"]
    assert hidden < stack.properties("QueueAgeAlarm")["Threshold"] <= 2 * hidden


def test_a_parked_notification_may_wait_out_its_delay(stack: Stack) -> None:
    """SQS delays a message by 900 seconds at most."""
    assert 900 < stack.properties("RetryAgeAlarm")["Threshold"] <= 3600


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_an_outage_that_one_person_meets_rings_before_the_attempts_are_used_up(
    stack: Stack, chance: float
) -> None:
    """However long the delays turn out, each period sees an attempt."""
    alarm = stack.properties("RetriesScheduledAlarm")
    most = stack.properties("DynamoFunction")["Environment"]["Variables"]["REPLY_MAX_ATTEMPTS"]
    waits = [delay_seconds(attempt, chance) for attempt in range(2, int(most) + 1)]
    parked = {sum(waits[:n]) // alarm["Period"] for n in range(len(waits))}
    assert parked >= set(range(alarm["EvaluationPeriods"]))
    assert alarm["Period"] * alarm["EvaluationPeriods"] < sum(waits)


def test_the_stream_is_late_after_the_time_of_two_full_invocations(stack: Stack) -> None:
    timeout = stack.properties("DynamoFunction")["Timeout"]
    assert stack.properties("StreamAgeAlarm")["Threshold"] == 2 * timeout * 1000


@pytest.mark.parametrize("name", OWN_METRICS)
def test_a_metric_of_our_own_is_one_that_the_notifier_writes(stack: Stack, name: str) -> None:
    assert stack.properties(name)["MetricName"] in metrics.NOTIFIER


@pytest.mark.parametrize("name", ALARMS)
def test_silence_is_not_a_failure(stack: Stack, name: str) -> None:
    assert stack.properties(name)["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_the_topic_hears_of_an_alarm_and_of_its_end(stack: Stack, name: str) -> None:
    alarm = Stack(AlarmTopicArn=TOPIC).properties(name)
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
    assert {"AlarmActions", "OKActions"} & set(stack.properties(name)) == set()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_is_wrong_in_a_sentence(stack: Stack, name: str) -> None:
    description = stack.properties(name)["AlarmDescription"]
    assert description[0].isupper() and description.endswith(".")
