"""The notifier in a small function: CPU of a lone message, and the memory of all it may meet.

    python -m benchmarks.small_memory [BATCHES]

It runs as it ships, in one process, against the stand-in without delays. Prints JSON: CPU in
milliseconds (whole core), the peak of the resident memory in MB after each step. Lambda's own
runtime comes on top. Memory over many batches is endurance.py's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.code import unpack_ours
from benchmarks.events import sender_id, stream_event
from benchmarks.processes import environment, running_stub
from unc import project

BATCHES = 500
FULL_BATCHES = 200
FULL = 100  # records of a batch, each of another sender
EVENT_BYTES = 6 * 1024 * 1024  # the largest that Lambda hands over
TIMED = 500


def main(batches: int) -> None:
    """Start the stand-in, and the notifier in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, running_stub(aws_ms=0, reply_ms=0) as stub:
        settings = environment("ours", stub, unpack_ours(Path(folder)))
        command = [sys.executable, "-m", "benchmarks.small_memory", "--inside", str(batches)]
        subprocess.run(command, env=settings, cwd=project.ROOT, check=True)


def inside(batches: int) -> None:
    """Take every step and print what it took; this process is the container."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from benchmarks.targets import ours

    ours.start_stream()
    peaks = {"start": peak_megabytes()}
    cpu = [timed(ours, lone_event(number)) for number in range(batches)]
    peaks[f"{batches} batches of one"] = peak_megabytes()
    for number in range(FULL_BATCHES):
        timed(ours, full_event(batches + number * FULL))
    peaks[f"{FULL_BATCHES} batches of {FULL}"] = peak_megabytes()
    for number in range(3):
        timed(ours, largest_event(2 * batches + (FULL_BATCHES + number) * FULL))
    peaks["three events of 6 MB"] = peak_megabytes()
    result = {"cpu_ms_a_message": round(median(cpu[-TIMED:]) * 1000, 2), "peak_mb": peaks}
    print(json.dumps(result, indent=1), file=answers)


def lone_event(number: int) -> str:
    """Return a batch with one message of a sender who was never seen before."""
    return json.dumps(stream_event([sender_id(number)], 1, number))


def full_event(first: int) -> str:
    """Return a batch of as many senders as there are records."""
    return json.dumps(stream_event([sender_id(first + n) for n in range(FULL)], FULL, first))


def largest_event(first: int) -> str:
    """Return a full batch with such long texts that Lambda could hand over no more."""
    event: Any = json.loads(full_event(first))
    for image in _images(event):
        image["content"]["M"]["text"] = {"S": "x" * (EVENT_BYTES // FULL - 2048)}
    return json.dumps(event)


def _images(event: Any) -> Iterator[Any]:
    for record in event["Records"]:
        yield record["dynamodb"]["NewImage"]


def timed(target: Any, event: str) -> float:
    """Handle an event as the runtime does, from its text on; gives CPU seconds."""
    before = time.process_time()
    target.prepare_stream(json.loads(event))()
    return time.process_time() - before


def peak_megabytes() -> float:
    """Return the peak of the resident memory, as the kernel has it."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside(int(sys.argv[-1]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else BATCHES)
