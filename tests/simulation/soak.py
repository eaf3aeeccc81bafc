"""Run many histories: `python -m tests.simulation.soak --histories 100000`.

Prints what they held; for those that violate a guarantee, the shortest history found and
the command that replays it, and ends with 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation.history import Case, run_case
from tests.simulation.replay import command, describe
from tests.simulation.shrink import shrink

CHUNK = 50
MOST_SHOWN = 3
MOST_LINES = 80


@dataclass(slots=True)
class Summary:
    """Counts over histories; `failed` are seeds and what they violated first."""

    histories: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Summary) -> None:
        self.histories += other.histories
        self.counts += other.counts
        self.faults += other.faults
        self.allowed += other.allowed
        self.failed += other.failed


def run_seeds(seeds: Sequence[int]) -> Summary:
    """Run the histories of some seeds."""
    summary = Summary(len(seeds))
    for seed in seeds:
        history = run_case(Case(seed))
        summary.counts["messages"] += len(history.webhooks)
        summary.counts += history.ledger.counts
        summary.counts["stored"] += len(history.ledger.stored)
        summary.allowed.update({why: len(what) for why, what in history.ledger.allowed.items()})
        summary.faults.update(each.fault.value for each in history.faults.injected)
        if history.ledger.violations:
            summary.failed.append((seed, str(history.ledger.violations[0])))
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and say by the exit code whether every guarantee held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.histories)
    began = time.monotonic()
    total = Summary()
    for part in _run(seeds, given.workers):
        total.add(part)
        _show_progress(total, given.histories)
    _print_summary(total, seeds, time.monotonic() - began)
    for seed, _ in sorted(total.failed)[:MOST_SHOWN]:
        print_shortest(seed)
    return 1 if total.failed else 0


def _run(seeds: range, workers: int) -> Iterator[Summary]:
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(run_seeds, chunks)


def _show_progress(total: Summary, wanted: int) -> None:
    if sys.stderr.isatty():
        line = f"\r{total.histories:,} of {wanted:,} histories, {len(total.failed)} violated"
        print(line, end="", file=sys.stderr, flush=True)


def _print_summary(total: Summary, seeds: range, seconds: float) -> None:
    print(f"\n{'histories':<20}{total.histories:>12,}   seeds {seeds.start} to {seeds.stop - 1}")
    for name, count in sorted(total.counts.items()):
        print(f"{name:<20}{count:>12,}")
    _print_counts("faults", total.faults)
    _print_counts("documented limits", total.allowed)
    print(f"{'violations':<20}{len(total.failed):>12,}")
    for seed, what in sorted(total.failed):
        print(f"  seed {seed}: {what}")
    print(f"took {seconds:.0f} s, {total.histories / seconds * 60:,.0f} histories a minute")


def _print_counts(title: str, counts: Counter[str]) -> None:
    print(f"{title:<20}{counts.total():>12,}")
    for name, count in counts.most_common():
        print(f"  {count:>14,}  {name}")


def print_shortest(seed: int) -> None:
    """Print the shortest history found, and how to see it again."""
    short = shrink(Case(seed))
    lines, _ = describe(short)
    print(f"\nseed {seed}, made short:")
    notified = [line for line in lines if not line.startswith("#")]
    print("\n".join(notified[:MOST_LINES]))
    print(f"replay: {command(short)}")


if __name__ == "__main__":
    raise SystemExit(main())
