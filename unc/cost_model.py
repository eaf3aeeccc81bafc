"""What a load costs on AWS, from what `make bench` counted and AWS's list prices.

A bill has more on it than this: logs, storage, alarms and data transfer. None of them depends much
on how the functions are written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unc import project
from unc.errors import SetupMissing

TARGETS = ("ours", "baseline")

MILLION = 1_000_000
_MONTH_SECONDS = 30 * 24 * 3600
_FULL_CORE_MEGABYTES = (
    1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
)
# Without a batching window a batch holds what came since the last of four polls a second:
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
_STREAM_POLL_SECONDS = 0.25
STREAM_BATCH = 100
QUEUE_BATCH = 10
WEBHOOK = "webhook"  # the case of the intake
# Of its one line a webhook, with a request id; tests/cli/test_cost.py measures it.
WEBHOOK_LOG_BYTES = 585
_BENCH_REPLY_SECONDS = 0.1
_REQUESTS_A_MESSAGE = 3  # an SQS message is sent, received and deleted

# A mapping polls an empty queue with receives that wait 20 seconds: five at a time with a maximum
# concurrency, else two. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_POLL_SECONDS = 20
POLLERS_WITH_A_MAXIMUM = 5
IDLE_POLLERS = 2


@dataclass(frozen=True)
class Prices:
    """Dollars, us-east-1: a million units or requests; a GB-second of Lambda on arm64."""

    write_units: float = 0.625
    read_units: float = 0.125
    fifo_requests: float = 0.50
    standard_requests: float = 0.40
    lambda_requests: float = 0.20
    lambda_gb_second: float = 0.0000133334
    log_gigabyte: float = 0.50


@dataclass(frozen=True)
class Load:
    """What comes in a month. `new_sessions`: how many of the messages open one.

    `burst`: how many messages of one sender come within one turn, without quiet time.
    `has_intake`: with ours, else somebody else's code fills the queue.
    """

    messages: int
    new_sessions: int
    queue_batch: int = 1
    stream_batch: int = 1
    memory_megabytes: int = 256
    reply_seconds: float = 5.0
    burst: int = 1
    notifier_megabytes: int = 256
    has_intake: bool = False

    @property
    def bursts(self) -> float:
        """How many bursts there are in a month; a lone message is one."""
        return self.messages / self.burst


@dataclass(frozen=True)
class BurstCounts:
    """What one burst takes; tests/cli/test_cost.py holds it to the code.

    `posts` are turns, of two writes each: the claim and the end. `further_writes`: a note in the
    sender's row by each message that waits, and the first end, which the notes keep from being
    written once. `wake_ups`: SQS messages, one that schedules the next turn and one in case that
    the first is never ended. `further_visits`: invocations that POST nothing.
    """

    posts: int
    further_writes: int
    wake_ups: int
    further_visits: int

    @property
    def writes(self) -> int:
        """All writes of the sender's row."""
        return 2 * self.posts + self.further_writes


def burst_counts(messages: int) -> BurstCounts:
    """Return what so many messages take that come within one turn, in batches of their own."""
    if messages == 1:
        return BurstCounts(posts=1, further_writes=0, wake_ups=0, further_visits=0)
    return BurstCounts(posts=2, further_writes=messages, wake_ups=2, further_visits=messages)


@dataclass(frozen=True)
class Counted:
    """What one batch took: units by table or `table/index`, POSTs, CPU and waiting in seconds."""

    reads: Counter[str]
    writes: Counter[str]
    posts: int
    cpu: float
    waits: float

    @staticmethod
    def read(values: Mapping[str, Any]) -> Counted:
        """Read one entry of the counts; table names lose the target they belong to."""
        cpu, wall = values["cpu_ms"] / 1000, values["wall_ms"] / 1000
        return Counted(
            reads=_without_target(values["read_units"]),
            writes=_without_target(values["write_units"]),
            posts=values["posts"],
            cpu=cpu,
            waits=max(wall - cpu, 0.0),
        )


_Counts = Mapping[str, Counted]


def read_counts(target: str, path: Path = project.COUNTS) -> _Counts:
    """Read what was counted for a target, by case; raises SetupMissing without a run."""
    try:
        cases = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SetupMissing("there are no counts to go by", "run: make bench") from error
    return {
        case: Counted.read(by_target[target])
        for case, by_target in cases.items()
        if target in by_target  # the intake has no baseline
    }


def _without_target(units: Mapping[str, float]) -> Counter[str]:
    """Drop the first word of each table's name."""
    return Counter({name.partition("-")[2]: value for name, value in units.items()})


def default_stream_batch(messages: int) -> int:
    """Return the messages that one stream batch brings when they come evenly over a month."""
    since_poll = messages / _MONTH_SECONDS * _STREAM_POLL_SECONDS
    return max(1, min(STREAM_BATCH, round(since_poll)))


def cost_of(load: Load, counts: _Counts, prices: Prices) -> dict[str, float]:
    """Return dollars a month by service."""
    reads, writes = _units_of(load, counts)
    tables = sum(value for name, value in writes.items() if "/" not in name)
    indexes = sum(writes.values()) - tables
    batches, counted = load.messages / load.queue_batch, burst_counts(load.burst)
    wake_ups = load.bursts * counted.wake_ups * _REQUESTS_A_MESSAGE
    # A message is sent alone; a batch is received and deleted with a request each.
    queued = load.messages + 2 * batches
    return _intake_cost(load, counts, prices) | {
        "Lambda, queue function": _function_cost(
            batches, queue_seconds(load, counts), load.memory_megabytes, prices
        ),
        "Lambda, notifier": _notifier_cost(load, counts, prices),
        "DynamoDB, reads": sum(reads.values()) / MILLION * prices.read_units,
        "DynamoDB, writes to tables": tables / MILLION * prices.write_units,
        "DynamoDB, writes to indexes": indexes / MILLION * prices.write_units,
        "SQS": (queued * prices.fifo_requests + wake_ups * prices.standard_requests) / MILLION,
    }


def cost_of_idle_queues(has_intake: bool, prices: Prices) -> float:
    """Return dollars a month for polling both queues; beside an intake both have a maximum."""
    retry_pollers = POLLERS_WITH_A_MAXIMUM if has_intake else IDLE_POLLERS
    return cost_of_polling(POLLERS_WITH_A_MAXIMUM, retry_pollers, prices)


def _intake_cost(load: Load, counts: _Counts, prices: Prices) -> dict[str, float]:
    """Return dollars for one webhook a message; its send is among SQS's whoever makes it."""
    if not load.has_intake:
        return {}
    counted = counts[WEBHOOK]
    seconds = counted.waits + counted.cpu * _slowness(load.memory_megabytes)
    gigabytes = load.messages * WEBHOOK_LOG_BYTES / 1e9
    return {
        "Lambda, intake": _function_cost(load.messages, seconds, load.memory_megabytes, prices),
        "log of the intake": gigabytes * prices.log_gigabyte,
    }


def cost_of_polling(fifo_pollers: int, standard_pollers: int, prices: Prices) -> float:
    """Return dollars a month that mappings cost whose queues are empty, whatever the load."""
    polls = _MONTH_SECONDS / _POLL_SECONDS / MILLION
    return polls * (
        fifo_pollers * prices.fifo_requests + standard_pollers * prices.standard_requests
    )


def _notifier_cost(load: Load, counts: _Counts, prices: Prices) -> float:
    """Return dollars for the batches that POST, and for those of a burst that only note it."""
    counted, bursts = burst_counts(load.burst), load.bursts / load.stream_batch
    posting, noting = bursts * counted.posts, bursts * counted.further_visits
    seconds = stream_seconds(load, counts), stream_seconds(replace(load, reply_seconds=0.0), counts)
    return sum(
        _function_cost(invocations, each, load.notifier_megabytes, prices)
        for invocations, each in zip((posting, noting), seconds, strict=True)
    )


def cost_of_indexes(load: Load, counts: _Counts, prices: Prices) -> dict[str, float]:
    """Return dollars a month that each index adds, in writes."""
    _, writes = _units_of(load, counts)
    return {
        name: units / MILLION * prices.write_units
        for name, units in sorted(writes.items())
        if "/" in name
    }


def _units_of(load: Load, counts: _Counts) -> tuple[Counter[str], Counter[str]]:
    """Return read and write units of a month, by table or `table/index`."""
    stored = counts["single" if load.queue_batch == 1 else "known"]
    stream = counts["stream_single" if load.stream_batch == 1 else "stream"]
    burst = burst_counts(load.burst)
    parts: list[tuple[float, Counted, int]] = [
        (load.messages / _batch_of(stored, load), stored, 1),
        (load.bursts * burst.posts / stream.posts, stream, 1),
        (load.bursts * burst.further_visits / stream.posts, _only_reads(stream), 1),
        (load.bursts * burst.further_writes / 2 / stream.posts, _only_writes(stream), 1),
        (load.new_sessions / QUEUE_BATCH, counts["new"], 1),
        (load.new_sessions / QUEUE_BATCH, counts["known"], -1),
    ]
    return (
        _added((times * sign, part.reads) for times, part, sign in parts),
        _added((times * sign, part.writes) for times, part, sign in parts),
    )


def _only_reads(counted: Counted) -> Counted:
    return replace(counted, writes=Counter())


def _only_writes(counted: Counted) -> Counted:
    return replace(counted, reads=Counter())


def _batch_of(stored: Counted, load: Load) -> int:
    """Return how many messages were in the batch that was counted."""
    return 1 if load.queue_batch == 1 else QUEUE_BATCH


def _added(parts: Iterable[tuple[float, Counter[str]]]) -> Counter[str]:
    """Add up multiples of counts."""
    total: Counter[str] = Counter()
    for times, units in parts:
        for name, value in units.items():
            total[name] += value * times  # type: ignore[assignment]
    return total


def _function_cost(invocations: float, seconds: float, megabytes: int, prices: Prices) -> float:
    """Return dollars for invocations of so many seconds each."""
    gigabyte_seconds = invocations * seconds * megabytes / 1024
    requests = invocations / MILLION * prices.lambda_requests
    return gigabyte_seconds * prices.lambda_gb_second + requests


def queue_seconds(load: Load, counts: _Counts) -> float:
    """Return how long a queue batch takes: between a batch of one and one of ten, as it lies."""
    one, ten = counts["single"], counts["known"]
    share = (load.queue_batch - 1) / (QUEUE_BATCH - 1)
    cpu = one.cpu + (ten.cpu - one.cpu) * share
    return one.waits + (ten.waits - one.waits) * share + cpu * _slowness(load.memory_megabytes)


def stream_seconds(load: Load, counts: _Counts) -> float:
    """Return how long a stream batch takes, with the reply service as slow as it is said to be.

    A notifier that POSTs one after the other waits for each; one that POSTs all at once waits once.
    """
    one, many = counts["stream_single"], counts["stream"]
    share = (load.stream_batch - 1) / (many.posts - 1)
    turns = 1 + (turns_of(one, many) - 1) * share
    cpu = one.cpu + (many.cpu - one.cpu) * share
    calls = max(one.waits - _BENCH_REPLY_SECONDS, 0.0)
    return turns * (calls + load.reply_seconds) + cpu * _slowness(load.notifier_megabytes)


def turns_of(one: Counted, many: Counted) -> int:
    """Return how many times a batch of many waits for replies: for each, or once for all."""
    each_in_turn = many.posts * one.waits
    return many.posts if many.waits > each_in_turn / 2 else 1


def _slowness(megabytes: int) -> float:
    """Return how many times longer CPU takes than on a whole core."""
    return max(1.0, _FULL_CORE_MEGABYTES / megabytes)
