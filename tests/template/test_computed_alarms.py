"""Alarms of more than one metric, and the one that rings when nothing comes."""

from typing import Any

import pytest

from consumer.metrics import NAMESPACE, NotifierMetric, QueueMetric
from tests.template.stack import Stack, named, template

TOPIC = f"arn:aws:sns:eu-central-1:{'1' * 12}:on-call"


def metrics_of(alarm: dict[str, Any]) -> dict[str, tuple[str, str, str, int]]:
    """By id: namespace, name, resource and period of what the alarm computes with."""
    stats = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    return {
        name: (
            stat["Metric"]["Namespace"],
            stat["Metric"]["MetricName"],
            stat["Metric"]["Dimensions"][0]["Value"],
            stat["Period"],
        )
        for name, stat in stats.items()
    }


def expression_of(alarm: dict[str, Any]) -> str:
    [returned] = [each for each in alarm["Metrics"] if each.get("ReturnData", True)]
    return str(returned["Expression"])


def test_a_stream_that_nobody_reads_rings_although_it_has_no_age(stack: Stack) -> None:
    alarm = stack.properties("StreamSilentAlarm")
    own = NAMESPACE
    assert metrics_of(alarm) == {
        "stored": (own, QueueMetric.STORED, "Ref:QueueFunction", 300),
        "handled": (own, NotifierMetric.NOTIFICATIONS, "Ref:DynamoFunction", 300),
    }
    assert expression_of(alarm) == "IF(FILL(stored, 0) > 0 AND FILL(handled, 0) == 0, 1, 0)"
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)


@pytest.mark.parametrize("hours", ["1", "24"])
def test_silence_rings_after_so_many_hours(hours: str) -> None:
    alarm = Stack(AlarmAfterSilentHours=hours).properties("NothingReceivedAlarm")
    assert (alarm["MetricName"], alarm["Period"]) == ("NumberOfMessagesSent", 3600)
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == hours
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (
        "LessThanThreshold",
        "breaching",
    )


@pytest.mark.parametrize(("hours", "is_made"), [("0", False), ("6", True)])
def test_silence_rings_only_where_it_is_asked_for(hours: str, is_made: bool) -> None:
    condition = template()["Resources"]["NothingReceivedAlarm"]["Condition"]
    assert Stack(AlarmAfterSilentHours=hours).resolve({"Condition": condition}) is is_made


@pytest.mark.parametrize("name", named("AWS::CloudWatch::Alarm"))
def test_the_topic_hears_of_every_alarm(name: str) -> None:
    assert Stack(AlarmTopicArn=TOPIC).properties(name)["AlarmActions"] == [TOPIC]


def test_without_computed_alarms_an_emulator_takes_the_template() -> None:
    resources = template()["Resources"]
    computing = {name for name, each in resources.items() if "Metrics" in each["Properties"]}
    assert computing == {"StreamSilentAlarm"}
    assert {resources[name]["Condition"] for name in computing} == {"HasComputedAlarms"}
    is_made = template()["Conditions"]["HasComputedAlarms"]
    assert Stack().resolve(is_made)
    assert not Stack(ComputedAlarms="false").resolve(is_made)
