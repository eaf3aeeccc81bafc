"""The intake's own time: warm requests beside what SQS takes, and a cold start.

    PYTHONPATH=src python -m benchmarks.intake [REQUESTS]

The stand-in for AWS answers after 5 ms. Prints JSON; times in milliseconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import container
from benchmarks.processes import HOST, running_stub
from benchmarks.stub import SECRET
from intake_function import intake_handler
from tests.support.builders import body
from tests.support.intake import signed_event
from unc import project

REQUESTS = 1000
COLD_STARTS = 10
AWS_MILLISECONDS = 5.0
GOAL_MILLISECONDS = 20.0
# Prints the seconds of the import, and of the first request after it.
COLD_SCRIPT = """
import json, os, sys, time
event = json.load(sys.stdin)
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
begun = time.perf_counter()
from intake_function import intake_handler
imported = time.perf_counter()
status = intake_handler(event, None)["statusCode"]
ended = time.perf_counter()
assert status == 200, status
os.write(out, json.dumps([imported - begun, ended - imported]).encode())
"""


def main(requests: int = REQUESTS, cold_starts: int = COLD_STARTS) -> dict[str, Any]:
    """Measure both."""
    with running_stub() as stub:
        environment = {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{stub.port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "SQS_QUEUE_URL": "https://sqs/queue.fifo",
        }
        cold = [_start_cold(environment, number) for number in range(cold_starts)]
        warm = _time_warm(environment, requests)
    return {
        "warm": _summary(warm) | {"beside_sqs_p50": statistics.median(warm) - AWS_MILLISECONDS},
        "cold_import": _summary([1000 * started for started, _ in cold]),
        "cold_first_request": _summary([1000 * first for _, first in cold]),
        "goal": GOAL_MILLISECONDS + AWS_MILLISECONDS,
        "load": os.getloadavg()[0],
    }


def _event(number: int) -> dict[str, Any]:
    return signed_event(body(MessageSid=f"SM{number:032d}"), token=SECRET)


def _start_cold(environment: dict[str, str], number: int) -> list[float]:
    """Run one process: its import, then one request that fetches the token as well."""
    ran = subprocess.run(
        [sys.executable, "-c", COLD_SCRIPT],
        input=json.dumps(_event(number)),
        env=environment | {"PYTHONPATH": str(project.SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds: list[float] = json.loads(ran.stdout)
    return seconds


def _time_warm(environment: dict[str, str], requests: int) -> list[float]:
    events = [_event(number) for number in range(requests + 1)]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), _set(environment):
        # The first one opens the connection and fetches the token.
        return [_time_one(event) for event in events][1:]


@contextmanager
def _set(environment: dict[str, str]) -> Iterator[None]:
    """Let this process be a fresh container with these variables while the block lasts."""
    before = dict(os.environ)
    os.environ.update(environment)
    container.intake_dependencies.cache_clear()
    try:
        yield
    finally:
        container.intake_dependencies.cache_clear()
        os.environ.clear()
        os.environ.update(before)


def _time_one(event: dict[str, Any]) -> float:
    """Return the milliseconds of a request; raises RuntimeError for any answer but 200."""
    begun = time.perf_counter()
    status = intake_handler(event, None)["statusCode"]
    milliseconds = 1000 * (time.perf_counter() - begun)
    if status != 200:
        raise RuntimeError(f"answered {status}")
    return milliseconds


def _summary(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": statistics.median(ordered), "p99": ordered[int(0.99 * (len(ordered) - 1))]}


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
