"""The intake's own time: warm requests beside what SQS takes, and a cold start.

    PYTHONPATH=src python -m benchmarks.intake [REQUESTS]

The stand-in for AWS answers after 5 ms. Prints JSON; times in milliseconds. On a busy machine the
wall's clock shows mostly how long the process waits for a core, and so does its tail. The CPU time
is the code's own. Lambda gives 256 MB a seventh of a core, so there it takes seven times as long.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import container
from benchmarks.counts import Counts
from benchmarks.processes import HOST, Stub, running_stub
from benchmarks.stub import SECRET
from intake_function import intake_handler
from tests.support.builders import body
from tests.support.intake import signed_event
from unc import project

REQUESTS = 1000
COLD_STARTS = 10
AWS_MILLISECONDS = 5.0
GOAL_MILLISECONDS = 20.0
MEGABYTES = 256
FULL_CORE_MEGABYTES = 1769
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


@dataclass(frozen=True)
class Took:
    """Milliseconds of one request."""

    wall: float
    cpu: float

    @property
    def beside_sqs(self) -> float:
        """What a function of 256 MB takes beside SQS: CPU on its share of a core."""
        return self.cpu * FULL_CORE_MEGABYTES / MEGABYTES


def main(requests: int = REQUESTS, cold_starts: int = COLD_STARTS) -> dict[str, Any]:
    """Measure both."""
    with running_stub() as stub:
        cold = [_start_cold(_environment(stub), number) for number in range(cold_starts)]
        warm, _ = _time_warm(stub, requests)
    return {
        "warm": _summary([each.wall for each in warm]),
        "cpu": _summary([each.cpu for each in warm]),
        "beside_sqs_at_256_mb": _summary([each.beside_sqs for each in warm]),
        "goal": GOAL_MILLISECONDS,
        "cold_import": _summary([1000 * started for started, _ in cold]),
        "cold_first_request": _summary([1000 * first for _, first in cold]),
        "load": os.getloadavg()[0],
    }


def counted(requests: int = REQUESTS) -> dict[str, Any]:
    """Return what one webhook takes, for the cost model.

    It waits for SQS as the stand-in plays it; how long the process waits for a core is left out.
    """
    with running_stub() as stub:
        warm, counts = _time_warm(stub, requests)
    cpu = statistics.median(each.cpu for each in warm)
    times = {"cpu_ms": round(cpu, 2), "wall_ms": round(cpu + AWS_MILLISECONDS, 2)}
    return {**counts.as_json(), **times}


def _environment(stub: Stub) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{stub.port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SQS_QUEUE_URL": "https://sqs/queue.fifo",
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


def _time_warm(stub: Stub, requests: int) -> tuple[list[Took], Counts]:
    """Time requests, and count what the last one asks for."""
    first, *events, last = (_event(number) for number in range(requests + 1))
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), _container(stub):
        _time_one(first)  # opens the connection and fetches the token
        took = [_time_one(event) for event in events]
        before = stub.counts()
        took.append(_time_one(last))
    return took, stub.counts().minus(before)


@contextmanager
def _container(stub: Stub) -> Iterator[None]:
    """Let this process be a fresh container while the block lasts."""
    before = dict(os.environ)
    os.environ.update(_environment(stub))
    container.intake_dependencies.cache_clear()
    try:
        yield
    finally:
        container.intake_dependencies.cache_clear()
        os.environ.clear()
        os.environ.update(before)


def _time_one(event: dict[str, Any]) -> Took:
    """Time a request; raises RuntimeError for any answer but 200."""
    wall, cpu = time.perf_counter(), time.process_time()
    status = intake_handler(event, None)["statusCode"]
    took = Took(1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu))
    if status != 200:
        raise RuntimeError(f"answered {status}")
    return took


def _summary(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": statistics.median(ordered), "p99": ordered[int(0.99 * (len(ordered) - 1))]}


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
