"""Drain the legacy consumer: first it stores no more, then its notifier catches up.

The queue's mapping goes off first; what is queued waits there. The notifier goes on until nothing
is left, so that the boundary between the two notifiers lies at the end of what is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from unc.aws.mappings import Mapping, switch, wait_until
from unc.aws.queues import read_depth
from unc.aws.session import Aws
from unc.errors import DeployFailed
from unc.takeover.boundary import Inbound, read_inbound

# An index, a queue's counts and a metric may each be this late on AWS.
_AWS_SETTLE_SECONDS = 90.0
_SETTLE_SECONDS = 2.0
_LAG_LIMIT_MS = 60_000.0
_LAG_WINDOW = timedelta(minutes=4)

_Progress = Callable[[str], None]


def stop_storing(aws: Aws, mappings: Sequence[Mapping], queue: str, progress: _Progress) -> None:
    """Switch the queue's mappings off and wait until no invocation of theirs can be running."""
    if not mappings:
        return
    progress("switching off what reads the queue; messages wait there from now on")
    switch(aws, mappings, on=False)
    timeouts = [_read_timeout(aws, mapping.function) for mapping in mappings]
    url = aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    end = time.monotonic() + max(timeouts) + _SETTLE_SECONDS
    wait_until(
        aws,
        lambda: read_depth(aws, url).in_flight == 0 or time.monotonic() > end,
        "the legacy queue function does not stop",
    )


def _read_timeout(aws: Aws, function: str) -> int:
    """Return the seconds after which Lambda ends an invocation."""
    return aws.functions.get_function_configuration(FunctionName=function).get("Timeout", 900)


def await_all_notified(
    aws: Aws,
    mappings: Sequence[Mapping],
    table: str,
    progress: _Progress,
    drain_limit_seconds: float,
) -> Decimal:
    """Wait until the legacy notifier has caught up with what is stored; return the boundary.

    Raises DeployFailed when it does not get there: it fails, or it is far behind.
    """
    progress("waiting until the legacy notifier has caught up with what is stored")
    before: Inbound | None = None
    settled: Inbound | None = None

    def is_quiet() -> bool:
        nonlocal before, settled
        before, settled = settled, read_inbound(aws, table)
        return before == settled and not any(_lags(aws, each) for each in mappings)

    interval = _SETTLE_SECONDS if aws.endpoint else _AWS_SETTLE_SECONDS
    wait_until(
        aws,
        is_quiet,
        "the legacy notifier does not get to the end of the stream",
        "say how far it notified: --notified-until all, none, or a moment",
        interval,
        drain_limit_seconds,
    )
    if settled is None:
        raise DeployFailed("the chats could not be read")
    return settled.last()


def _lags(aws: Aws, mapping: Mapping) -> bool:
    """Say whether a notifier fails, or was behind when it last ran."""
    found = aws.functions.get_event_source_mapping(UUID=mapping.id)
    last = found.get("LastProcessingResult", "")
    return last.startswith(("PROBLEM", "FAILED")) or _iterator_age_ms(aws, mapping) > _LAG_LIMIT_MS


def _iterator_age_ms(aws: Aws, mapping: Mapping) -> float:
    """Return how old the records were that a notifier read last; 0 when it read none lately."""
    cloudwatch: Any = aws.session.client("cloudwatch", endpoint_url=aws.endpoint, config=aws.config)
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": mapping.function}],
        StartTime=now - _LAG_WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else 0.0
