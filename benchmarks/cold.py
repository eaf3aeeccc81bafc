"""A cold start in this very process: import and clients, then the first message.

    python benchmarks/cold.py TARGET queue|stream

Nothing is imported before the clock runs that a target could need itself.
"""

import os
import sys
import time


def main(target_name: str, half: str) -> None:
    """Measure and print one line of JSON."""
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    package = __import__(f"benchmarks.targets.{target_name}")
    target = getattr(package.targets, target_name)
    wall, cpu = time.perf_counter(), time.process_time()
    target.start_queue() if half == "queue" else target.start_stream()
    started = {"start_wall": time.perf_counter() - wall, "start_cpu": time.process_time() - cpu}
    call = prepare_first(target, half)
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    first = {"first_wall": time.perf_counter() - wall, "first_cpu": time.process_time() - cpu}
    os.write(answers, as_line(started | first))


def prepare_first(target, half):
    """Return the call of a batch with a single message."""
    from benchmarks.events import queue_event, sender_id, stream_event

    sender, number = sender_id(os.getpid()), os.getpid() * 1000
    if half == "queue":
        return target.prepare_queue(queue_event([sender], number))
    return target.prepare_stream(stream_event([sender], 1, number))


def as_line(values):
    """Return the values and the peak of memory, in KB, as JSON.

    The kernel's own mark: getrusage would count what the parent had when it forked.
    """
    import json
    from pathlib import Path

    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    return json.dumps({**values, "peak_kb": peak}).encode()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
