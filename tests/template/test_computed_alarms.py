"""Alarms of more than one metric, and the one that rings when nothing comes.

What the functions of an expression do, and how an alarm treats missing data, follows CloudWatch's
pages "Metric math syntax and functions" and "Configuring how alarms treat missing data".
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (3, 3)
    assert alarm["TreatMissingData"] == "ignore", "it rings until a notification is handled"


NONE = None
REPEAT = object()


@dataclass(frozen=True)
class Series:
    """A metric's values, one a period; None where a period has none."""

    points: tuple[float | None, ...]

    def __gt__(self, limit: float) -> "Series":
        return Series(tuple(None if p is None else float(p > limit) for p in self.points))


def fill(series: Series, value: Any) -> Series:
    """FILL: a number, or the value before."""
    points: list[float | None] = []
    for point in series.points:
        repeated = points[-1] if points else None
        other = repeated if value is REPEAT else value
        points.append(other if point is None else point)
    return Series(tuple(points))


def choose(condition: Series, yes: Any, no: Any = None) -> Series:
    """IF: without a third argument a period has no value where the condition is false."""
    chosen: list[float | None] = []
    for at, point in enumerate(condition.points):
        value = None if point is None else yes if point else no
        chosen.append(value.points[at] if isinstance(value, Series) else value)
    return Series(tuple(chosen))


def states_of(alarm: dict[str, Any], **metrics: Sequence[float | None]) -> list[str]:
    """The alarm's state at the end of each period, in which it looks at five."""
    state, states, looks_at = "OK", [], 5
    for end in range(1, len(metrics["stored"]) + 1):
        seen = {
            name: Series(tuple(all_[max(0, end - looks_at) : end]))
            for name, all_ in metrics.items()
        }
        functions = {"FILL": fill, "IF": choose, "REPEAT": REPEAT}
        computed = eval(expression_of(alarm), functions, seen)
        present = [point for point in computed.points if point is not None]
        newest = present[-alarm["EvaluationPeriods"] :]
        if len(newest) == alarm["EvaluationPeriods"]:
            breaching = sum(point > alarm["Threshold"] for point in newest)
            state = "ALARM" if breaching >= alarm["DatapointsToAlarm"] else "OK"
        elif newest and not any(newest):
            state = "OK"
        states.append(state)
    return states


@pytest.mark.parametrize(
    ("stored", "handled", "rings"),
    [
        ([NONE, 1, NONE, NONE, NONE, NONE, NONE, NONE], [NONE] * 8, "...!!!!!"),
        ([3, 2, 5, 1, 4, 2, 1, 7], [NONE] * 8, "..!!!!!!"),
        ([3, 2, 5, 1, 4, 2, 1, 7], [3, 2, 5, 1, 4, 2, 1, 7], "........"),
        ([NONE] * 8, [NONE] * 8, "........"),
        (
            [NONE, 1, NONE, NONE, NONE, 1, NONE, NONE],
            [NONE, NONE, 1, NONE, NONE, NONE, 1, NONE],
            "........",
        ),
        (
            [1, 2, 1, 2, 1, NONE, NONE, NONE],
            [NONE, NONE, NONE, NONE, NONE, 4, NONE, NONE],
            "..!!!...",
        ),
        ([2, 2, 2, 2, 2, 2, 2, 2], [2, 2, 2, NONE, NONE, NONE, NONE, NONE], ".....!!!"),
    ],
    ids=[
        "one message that nobody handles",
        "many that nobody handles",
        "all handled",
        "nothing at all",
        "handled one period later",
        "handled in the end",
        "a mapping that stops",
    ],
)
def test_a_quarter_of_an_hour_without_a_notification_rings(
    stack: Stack, stored: list[float | None], handled: list[float | None], rings: str
) -> None:
    alarm = stack.properties("StreamSilentAlarm")
    states = states_of(alarm, stored=stored, handled=handled)
    assert ["!" if state == "ALARM" else "." for state in states] == list(rings)


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
