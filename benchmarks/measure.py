"""Every case on every target, alternating: samples, and what the backend counted."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.cases import CASES, Before, Case
from benchmarks.counts import Counts
from benchmarks.events import session_row
from benchmarks.processes import TARGETS, Stub, Worker, environment, running_stub, start_cold

PAUSE_SECONDS = 4.5  # longer than ours keeps a connection that nobody uses
COLD_STARTS = 11
HALVES = {"queue": "queue", "notifier": "stream"}

Progress = Callable[[str], None]


@dataclass
class Measured:
    """Samples in seconds (or KB) by what was measured, and counts, one a round."""

    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    counted: list[Counts] = field(default_factory=list)

    def add(self, values: Mapping[str, float]) -> None:
        """Keep one round's values."""
        for name, value in values.items():
            self.samples[name].append(value)

    @property
    def counts(self) -> Counts:
        """The fewest of all rounds: responses that happen to come apart are handled apart."""
        return min(self.counted, key=lambda each: each.aws_calls, default=Counts())

    def median(self, name: str) -> float:
        """Return the middle sample."""
        return median(self.samples[name])

    def ratio(self, other: Measured, name: str) -> float:
        """Return the middle of the ratios of samples that were taken next to each other."""
        pairs = zip(self.samples[name], other.samples[name], strict=True)
        return median(own / theirs for own, theirs in pairs)


Results = dict[str, dict[str, Measured]]


def measure_cases(code: Mapping[str, Path], progress: Progress, scale: float = 1.0) -> Results:
    """Run the cases; by case and target. `code`: the folder that each target's code lies in."""
    results: Results = {}
    with running_stub() as stub, running_workers(stub, code) as workers:
        for case in CASES.values():
            progress(f"{case.title}: {rounds_of(case, scale)} rounds")
            seed(stub, case)
            results[case.name] = measure_case(stub, workers, case, rounds_of(case, scale))
    return results


def rounds_of(case: Case, scale: float) -> int:
    """Return how many rounds count; at least three."""
    return max(3, round(case.rounds * scale))


@contextlib.contextmanager
def running_workers(stub: Stub, code: Mapping[str, Path]) -> Iterator[list[Worker]]:
    """Keep a worker for each target until the end of the block."""
    workers = [Worker(each, environment(each, stub, code[each])) for each in TARGETS]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def seed(stub: Stub, case: Case) -> None:
    """Give each sender of the case a session, in each target's table."""
    for target in TARGETS:
        for sender in case.seeded():
            stub.put(f"{target}-sessions", session_row(sender))


def measure_case(stub: Stub, workers: list[Worker], case: Case, rounds: int) -> dict[str, Measured]:
    """Run a case's rounds; who goes first changes with every round."""
    results = {worker.target: Measured() for worker in workers}
    for round_ in range(-case.warm_rounds, rounds):
        number = 2 * (round_ + case.warm_rounds)
        if case.before is Before.PAUSE:
            time.sleep(PAUSE_SECONDS)
        shift = round_ % len(workers)
        for worker in workers[shift:] + workers[:shift]:
            lead_up(worker, case, number)
            before = stub.counts()
            values = worker.run(case.name, number + 1)
            if round_ >= 0:
                results[worker.target].add(values)
                results[worker.target].counted.append(stub.counts().minus(before))
    return results


def lead_up(worker: Worker, case: Case, number: int) -> None:
    """Do what goes before the measured batch, `number` + 1."""
    if case.before is Before.SAME:
        worker.run(case.name, number + 1)
    if case.before is Before.ANOTHER and worker.target != "baseline":  # which keeps none open
        worker.run(case.name, number)


def measure_cold(
    code: Mapping[str, Path], progress: Progress, starts: int = COLD_STARTS
) -> Results:
    """Start fresh interpreters; by half and target."""
    results: Results = {}
    with running_stub() as stub:
        for name, half in HALVES.items():
            progress(f"cold starts, {name}: {starts} of each")
            results[name] = {target: Measured() for target in TARGETS}
            for _ in range(starts + 1):
                for target in TARGETS:
                    values = start_cold(target, half, environment(target, stub, code[target]))
                    results[name][target].add(values)
            for measured in results[name].values():
                measured.samples = {n: values[1:] for n, values in measured.samples.items()}
    return results
