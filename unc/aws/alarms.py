"""The stack's alarms and their states."""

from __future__ import annotations

from dataclasses import dataclass

from unc.aws.resources import STACK
from unc.aws.session import Aws


@dataclass(frozen=True)
class Alarm:
    """An alarm by its name in the template; `since` in epoch seconds."""

    name: str
    state: str
    description: str
    since: float


def read_alarms(aws: Aws, stack: str = STACK) -> list[Alarm]:
    """Return the alarms of a stack, those that ring first."""
    pages = aws.alarms.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack}-")
    found = [
        Alarm(
            _template_name(alarm["AlarmName"], stack),
            alarm.get("StateValue", "INSUFFICIENT_DATA"),
            alarm.get("AlarmDescription", ""),
            alarm["StateUpdatedTimestamp"].timestamp(),
        )
        for page in pages
        for alarm in page["MetricAlarms"]
    ]
    return sorted(found, key=lambda alarm: (alarm.state != "ALARM", alarm.name))


def _template_name(name: str, stack: str) -> str:
    """CloudFormation puts the stack before the name, and letters of its own behind it."""
    return name.removeprefix(f"{stack}-").rpartition("-")[0] or name
