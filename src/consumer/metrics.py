"""Metrics without a call: a log line in CloudWatch's embedded metric format.

Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

NAMESPACE = "UncConsumer"
MAX_VALUES = 100  # the format's limit for one metric of one line


class QueueMetric(StrEnum):
    """The queue function, a count each: records received, messages stored, …"""

    RECEIVED = "Received"
    STORED = "Stored"
    DUPLICATES = "Duplicates"
    CALLBACKS = "Callbacks"
    QUARANTINED = "Quarantined"
    FAILED = "Failed"
    SESSIONS_OPENED = "SessionsOpened"
    QUEUE_TO_STORED = "QueueToStored"  # milliseconds, a value a message


class NotifierMetric(StrEnum):
    """The notifier, a count each: notifications read, and what became of them."""

    NOTIFICATIONS = "Notifications"
    NOTIFIED = "Notified"
    COVERED = "Covered"
    LIMITED = "Limited"
    DELETED = "Deleted"
    OPTED_OUT = "OptedOut"
    WAITING = "Waiting"
    RETRIES_SCHEDULED = "RetriesScheduled"
    UNKNOWN_OUTCOMES = "UnknownOutcomes"
    DEAD_LETTERED = "DeadLettered"
    UNHANDLED = "Unhandled"
    STORED_TO_NOTIFIED = "StoredToNotified"  # milliseconds, a value a POST


class IntakeMetric(StrEnum):
    """The intake, a count each: requests, and what became of them."""

    WEBHOOKS_QUEUED = "WebhooksQueued"
    SIGNATURES_REJECTED = "SignaturesRejected"
    WEBHOOKS_UNREADABLE = "WebhooksUnreadable"
    WEBHOOK_FAILURES = "WebhookFailures"  # answered with 503; the next two say by whom
    TOKEN_FAILURES = "TokenFailures"
    QUEUE_FAILURES = "QueueFailures"
    WEBHOOK_TO_ANSWER = "WebhookToAnswer"  # milliseconds, a value a request


def embedded(
    counts: Mapping[str, int], milliseconds: Mapping[str, Sequence[float]], timestamp_ms: int
) -> dict[str, Any]:
    """Fields that make a log line carry metrics; counts of zero and empty times are left out.

    Without any metric there is no directive: the format allows none without metrics.
    """
    present = {name: count for name, count in counts.items() if count}
    times = {name: [round(v) for v in values[:MAX_VALUES]] for name, values in milliseconds.items()}
    metrics = [{"Name": name, "Unit": "Count"} for name in present]
    metrics += [{"Name": name, "Unit": "Milliseconds"} for name, values in times.items() if values]
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": metrics,
    }
    directives = {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]}
    return {
        **({"_aws": directives} if metrics else {}),
        "FunctionName": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
        **present,
        **{name: values for name, values in times.items() if values},
    }
