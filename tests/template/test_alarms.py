"""Alarms: what has one, when it rings, and that its metric exists."""

import re
from typing import Any

import pytest

from consumer.metrics import NAMESPACE, IntakeMetric, NotifierMetric, QueueMetric
from consumer.notification.retry_queue import backoff_seconds
from tests.template.stack import Stack, named

TOPIC = f"arn:aws:sns:eu-central-1:{'1' * 12}:on-call"
# Those that compute, or ring in silence, are in test_computed_alarms.
ALARMS = [
    name
    for name in named("AWS::CloudWatch::Alarm")
    if "Dimensions" in (alarm := Stack().properties(name))
    and alarm["ComparisonOperator"] == "GreaterThanThreshold"
]
VISIBLE = "ApproximateNumberOfMessagesVisible"
SENT = "NumberOfMessagesSent"
AGE = "ApproximateAgeOfOldestMessage"
STREAM_AGE = "IteratorAge"
DURATION = "Duration"
# When an alarm of a metric rings: statistic, period in seconds, how many periods of how many.
RULES = {
    VISIBLE: ("Maximum", 60, 1, 1),
    SENT: ("Sum", 300, 1, 1),
    AGE: ("Maximum", 60, 3, 3),
    STREAM_AGE: ("Maximum", 60, 3, 3),
    "Errors": ("Sum", 300, 2, 3),
    "Throttles": ("Sum", 300, 2, 3),
    NotifierMetric.RETRIES_SCHEDULED: ("Sum", 900, 2, 2),
    NotifierMetric.UNKNOWN_OUTCOMES: ("Sum", 60, 1, 1),
    IntakeMetric.SIGNATURES_REJECTED: ("Sum", 300, 2, 3),
    IntakeMetric.WEBHOOK_FAILURES: ("Sum", 60, 1, 1),
    DURATION: ("p99", 300, 2, 3),
}
# Their thresholds are times, and a few forged requests are none; one of all else is too many.
LATE = {AGE, STREAM_AGE, DURATION, IntakeMetric.SIGNATURES_REJECTED}

# What functions count themselves, and somebody has to hear of.
OWN = {
    "DynamoFunction": (NotifierMetric.RETRIES_SCHEDULED, NotifierMetric.UNKNOWN_OUTCOMES),
    "IntakeFunction": (IntakeMetric.SIGNATURES_REJECTED, IntakeMetric.WEBHOOK_FAILURES),
}

Watched = tuple[str, str, str]


def _watched(alarm: dict[str, Any]) -> Watched:
    """The metric of an alarm, its namespace, and the resource it is about."""
    [dimension] = alarm["Dimensions"]
    kind = "QueueName" if alarm["Namespace"] == "AWS/SQS" else "FunctionName"
    assert dimension["Name"] == kind
    return alarm["Namespace"], alarm["MetricName"], dimension["Value"]


def _sources(stack: Stack) -> set[str]:
    """The queues and streams that a function reads, by their ARN."""
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    return {mapping["EventSourceArn"] for mapping in mappings}


def _wanted(stack: Stack) -> set[Watched]:
    """An alarm for each queue, stream and function, and for what functions count themselves."""
    wanted: set[Watched] = set()
    for queue in named("AWS::SQS::Queue"):
        is_read = stack.resolve({"Fn::GetAtt": [queue, "Arn"]}) in _sources(stack)
        kinds = (AGE,) if is_read else (VISIBLE, SENT)
        wanted |= {("AWS/SQS", kind, f"{queue}.QueueName") for kind in kinds}
    for function in named("AWS::Lambda::Function"):
        wanted |= {("AWS/Lambda", each, f"Ref:{function}") for each in ("Errors", "Throttles")}
    for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        if mapping["EventSourceArn"].endswith(".StreamArn"):
            wanted.add(("AWS/Lambda", STREAM_AGE, mapping["FunctionName"]))
    wanted.add(("AWS/Lambda", DURATION, "Ref:IntakeFunction"))
    return wanted | {(NAMESPACE, each, f"Ref:{name}") for name, own in OWN.items() for each in own}


def test_each_queue_stream_and_function_has_its_alarms_and_nothing_else_has(stack: Stack) -> None:
    watched = [_watched(stack.properties(name)) for name in ALARMS]
    assert sorted(watched) == sorted(_wanted(stack))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_rings_when_it_should_and_not_before(stack: Stack, name: str) -> None:
    alarm = stack.properties(name)
    observed = (
        alarm.get("Statistic") or alarm["ExtendedStatistic"],
        alarm["Period"],
        alarm["DatapointsToAlarm"],
        alarm["EvaluationPeriods"],
    )
    assert observed == RULES[alarm["MetricName"]]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert (alarm["Threshold"] > 0) is (alarm["MetricName"] in LATE)


@pytest.mark.parametrize("queue", ["DeadLetterQueue", "ReplyDeadLetterQueue", "StreamFailureQueue"])
def test_a_letter_that_comes_to_others_rings_again(stack: Stack, queue: str) -> None:
    """An alarm tells of a change of its state: one on what waits stays as it is."""
    letters = {7: 1, 20: 1, 22: 1, 40: 1}
    waiting = [sum(n for at, n in letters.items() if at <= minute) for minute in range(60)]
    sent = [letters.get(minute, 0) for minute in range(60)]
    alarms = {_watched(alarm)[1:]: alarm for alarm in map(stack.properties, ALARMS)}
    name = f"{queue}.QueueName"
    assert _rings(alarms[VISIBLE, name], waiting) == [7]
    assert _rings(alarms[SENT, name], sent) == [7, 20, 40], "what comes soon after is one ring"


def _rings(alarm: dict[str, Any], minutes: list[int]) -> list[int]:
    """The minutes at which an alarm on one period goes off, its periods ending at each minute."""
    length = alarm["Period"] // 60
    states = [sum(minutes[max(0, m - length + 1) : m + 1]) > 0 for m in range(len(minutes))]
    return [m for m, rings in enumerate(states) if rings and not (m and states[m - 1])]


def test_a_lost_container_alone_makes_the_queue_not_late(stack: Stack) -> None:
    hidden = stack.properties("Queue")["VisibilityTimeout"]
    assert hidden < stack.properties("QueueAgeAlarm")["Threshold"] <= 2 * hidden


def test_a_scheduled_retry_may_wait_out_its_delay(stack: Stack) -> None:
    """SQS delays a message by 900 seconds at most."""
    assert 900 < stack.properties("RetryAgeAlarm")["Threshold"] <= 3600


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_an_outage_that_one_person_meets_rings_before_the_attempts_are_used_up(
    stack: Stack, chance: float
) -> None:
    """However long the delays turn out, each period sees an attempt."""
    alarm = stack.properties("RetriesScheduledAlarm")
    most = stack.properties("DynamoFunction")["Environment"]["Variables"]["REPLY_MAX_ATTEMPTS"]
    waits = [backoff_seconds(attempt, chance) for attempt in range(2, int(most) + 1)]
    scheduled = {sum(waits[:n]) // alarm["Period"] for n in range(len(waits))}
    assert scheduled >= set(range(alarm["EvaluationPeriods"]))
    assert alarm["Period"] * alarm["EvaluationPeriods"] < sum(waits)


def test_the_stream_is_late_after_the_time_of_two_full_invocations(stack: Stack) -> None:
    timeout = stack.properties("DynamoFunction")["Timeout"]
    assert stack.properties("StreamAgeAlarm")["Threshold"] == 2 * timeout * 1000


def test_an_alarm_of_a_metric_of_ours_is_about_one_that_its_function_writes(stack: Stack) -> None:
    written = {
        "Ref:QueueFunction": set(QueueMetric),
        "Ref:DynamoFunction": set(NotifierMetric),
        "Ref:IntakeFunction": set(IntakeMetric),
    }
    watched = [_watched(stack.properties(name)) for name in ALARMS]
    own = [(metric, on) for namespace, metric, on in watched if namespace == NAMESPACE]
    assert own and all(metric in written[on] for metric, on in own)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_named_after_what_it_watches(stack: Stack, name: str) -> None:
    namespace, metric, resource = _watched(stack.properties(name))
    if namespace == NAMESPACE:
        assert name == f"{metric}Alarm"
    elif metric != STREAM_AGE:
        watched = re.sub("(Age|Errors|Throttles|Duration|s)?Alarm$", "", name)
        assert watched.removeprefix("New") in resource
        assert watched.startswith("New") is (metric == SENT)


@pytest.mark.parametrize("name", ALARMS)
def test_silence_is_not_a_failure(stack: Stack, name: str) -> None:
    assert stack.properties(name)["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_the_topic_hears_of_an_alarm_and_of_its_end(stack: Stack, name: str) -> None:
    alarm = Stack(AlarmTopicArn=TOPIC).properties(name)
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
    assert stack.properties(name)["AlarmActions"] == stack.properties(name)["OKActions"] == []


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_is_wrong_in_a_sentence(stack: Stack, name: str) -> None:
    description = stack.properties(name)["AlarmDescription"]
    assert description[0].isupper() and description.endswith(".")
