"""Parameters: the fixed names, defaults that work, and mistakes refused before they cost."""

import re
from typing import Any

import pytest

from logger_setup import LEVELS
from tests.template.stack import template

FIXED_NAMES = {
    "QueueFunctionName": "unc-queue-lambda",
    "DynamoFunctionName": "unc-dynamo-lambda",
    "IntakeFunctionName": "unc-intake-lambda",
    "WebhookIntake": "false",
    "QueueName": "unc-consumer-queue.fifo",
    "ChatTableName": "chats",
    "SessionTableName": "sessions",
    "ReplyServiceUrl": "https://intelligence.theuncproject.com/reply/",
    "LogLevel": "INFO",
}
PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
WITH_DEFAULT = {name: spec for name, spec in PARAMETERS.items() if "Default" in spec}
SWITCHES = [
    "WebhookIntake",
    "AttachEventSources",
    "ComputedAlarms",
    "DeletionProtection",
    "Paused",
    "ResendUnknownOutcomes",
]
# What AWS takes, and at least two receives, because one would allow no retry. The bounds of
# other numbers are held against the code's (test_functions.py).
SERVICE_LIMITS = {
    "QueueFunctionMemoryMegabytes": (128, 10_240),
    "DynamoFunctionMemoryMegabytes": (128, 10_240),
    "IntakeFunctionMemoryMegabytes": (128, 10_240),
    "MaxReceiveCount": (2, 1000),
    "StreamParallelizationFactor": (1, 10),
    "StreamMaximumRetryAttempts": (0, 10_000),
    "StreamMaximumRecordAgeSeconds": (60, 86_400),
}


def _accepts(parameter: str, value: str) -> bool:
    """Whether CloudFormation would take the value."""
    spec = PARAMETERS[parameter]
    return (
        value in map(str, spec.get("AllowedValues", [value]))
        and re.fullmatch(spec.get("AllowedPattern", ".*"), value) is not None
        and len(value) >= spec.get("MinLength", 0)
        and (spec["Type"] != "Number" or spec["MinValue"] <= int(value) <= spec["MaxValue"])
    )


@pytest.mark.parametrize(("name", "default"), FIXED_NAMES.items())
def test_a_fixed_name_has_its_fixed_default(name: str, default: str) -> None:
    assert PARAMETERS[name]["Default"] == default


def test_a_deployer_must_say_where_the_code_is_and_nothing_else() -> None:
    assert set(PARAMETERS) - set(WITH_DEFAULT) == {"CodeBucket", "CodeKey"}


@pytest.mark.parametrize("name", WITH_DEFAULT)
def test_a_default_is_a_value_that_is_accepted(name: str) -> None:
    assert _accepts(name, str(PARAMETERS[name]["Default"]))


def test_the_log_levels_are_the_logger_s() -> None:
    assert PARAMETERS["LogLevel"]["AllowedValues"] == list(LEVELS)


def test_every_parameter_is_text_or_a_bounded_number() -> None:
    bounded = {name for name, spec in PARAMETERS.items() if "MinValue" in spec}
    assert {name for name, spec in PARAMETERS.items() if spec["Type"] == "Number"} == bounded
    assert {spec["Type"] for spec in PARAMETERS.values()} == {"Number", "String"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QueueName", "inbox"),
        ("QueueName", "inbox.fifo"),
        ("QueueMaximumConcurrency", "0"),
        ("QueueMaximumConcurrency", "2"),
        ("QueueMaximumConcurrency", "1000"),
        ("RetryMaximumConcurrency", "0"),
        ("QueueFunctionReservedConcurrency", "2"),
        ("DynamoFunctionReservedConcurrency", "100"),
        ("IntakeReservedConcurrency", "none"),
        ("IntakeReservedConcurrency", "1"),
        ("PublicUrl", ""),
        ("PublicUrl", "https://bot.example.com/webhook#rc=5&rp=all"),
        ("AlarmTopicArn", ""),
        ("AlarmTopicArn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:on-call"),
        ("ReplyServiceUrl", "http://127.0.0.1:8080/reply/"),
        ("SecretName", "team/reply-secret"),
        ("StreamStartingPosition", "LATEST"),
        *((name, value) for name in SWITCHES for value in ("true", "false")),
        *((name, str(bound)) for name, bounds in SERVICE_LIMITS.items() for bound in bounds),
    ],
)
def test_a_reasonable_value_is_accepted(name: str, value: str) -> None:
    assert _accepts(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QueueName", "in.box"),
        ("QueueName", "x" * 72),
        ("QueueMaximumConcurrency", "1"),
        ("QueueMaximumConcurrency", "1001"),
        ("RetryMaximumConcurrency", "1"),
        ("QueueFunctionReservedConcurrency", "many"),
        ("QueueFunctionReservedConcurrency", "0"),
        ("DynamoFunctionReservedConcurrency", "0"),
        ("DynamoFunctionReservedConcurrency", ""),
        ("IntakeReservedConcurrency", "0"),
        ("IntakeFunctionName", "a.b"),
        ("PublicUrl", "bot.example.com"),
        ("AuthTokenName", ""),
        ("WebhookIntake", "yes"),
        ("AlarmTopicArn", "on-call"),
        ("ReplyServiceUrl", "intelligence.theuncproject.com"),
        ("ReplyTimeoutSeconds", "60"),
        ("SecretName", "*"),
        ("LogLevel", "LOUD"),
        ("StreamStartingPosition", "AT_TIMESTAMP"),
        ("StreamMaximumRecordAgeSeconds", "0"),
        ("ChatTableName", "no spaces"),
        ("SessionTableName", "ab"),
        ("NotificationTableName", ""),
        ("QueueFunctionName", "a.b"),
        ("DynamoFunctionName", ""),
        ("ReplyRetryQueueName", "retry.fifo"),
        ("StreamFailureQueueName", "failures.fifo"),
        ("Paused", "yes"),
        ("DeletionProtection", ""),
        ("ResendUnknownOutcomes", "no"),
        ("AttachEventSources", ""),
        ("CodeBucket", ""),
        ("CodeKey", ""),
        *((name, str(least - 1)) for name, (least, _) in SERVICE_LIMITS.items()),
        *((name, str(most + 1)) for name, (_, most) in SERVICE_LIMITS.items()),
    ],
)
def test_a_mistake_is_refused_before_anything_changes(name: str, value: str) -> None:
    assert not _accepts(name, value)


def test_a_pattern_holds_for_the_whole_value() -> None:
    patterns = [spec["AllowedPattern"] for spec in PARAMETERS.values() if "AllowedPattern" in spec]
    assert [pattern for pattern in patterns if not re.fullmatch(r"\^.*\$", pattern)] == []


def test_the_longest_accepted_names_fit_the_names_made_of_them() -> None:
    """SQS names hold 80 characters; the dead-letter queues' are the longer ones."""
    assert _accepts("QueueName", "x" * 71) and len("x" * 71 + "-dlq.fifo") == 80
    assert _accepts("ReplyRetryQueueName", "x" * 76) and not _accepts("QueueName", "x" * 72)


def test_every_allowed_concurrency_of_the_retry_queue_has_its_number() -> None:
    allowed = PARAMETERS["RetryMaximumConcurrency"]["AllowedValues"]
    numbers = template()["Mappings"]["Numbers"]
    assert {name: row["Value"] for name, row in numbers.items()} == {
        value: int(value) for value in allowed
    }
