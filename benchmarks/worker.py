"""One target in a process of its own: runs rounds on demand and says what each took.

Reads lines of JSON, `{"case": "known", "round": 3}`, and answers each with wall and CPU seconds of
the one call, in every thread of the process.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any

from benchmarks.cases import CASES, QUEUE


def main(name: str) -> None:
    """Serve rounds until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # what the target logs is written, but to nobody
    target = importlib.import_module(f"benchmarks.targets.{name}")
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(run_round(target, **wanted)), file=answers)


def run_round(target: Any, case: str, round: int) -> dict[str, float]:
    """Prepare outside the clock, run inside it."""
    wanted = CASES[case]
    prepare = target.prepare_queue if wanted.half == QUEUE else target.prepare_stream
    return timed(prepare(wanted.event(round)))


def timed(call: Any) -> dict[str, float]:
    """Return wall and CPU seconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


if __name__ == "__main__":
    main(sys.argv[1])
