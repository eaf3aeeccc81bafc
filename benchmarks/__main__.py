"""Measure everything and write it down: the table into README.md, the plot, and the counts.

python -m benchmarks [--scale 1.0] [--no-stack] [--dry-run]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import intake
from benchmarks.cases import CASES
from benchmarks.code import BASELINE, pack_baseline, unpack_ours
from benchmarks.goals import DeliveryStatus, hold_against
from benchmarks.measure import COLD_STARTS, Measured, Results, measure_cases, measure_cold
from benchmarks.plot import plot_ratios
from benchmarks.processes import measure_endurance
from benchmarks.stack import StackResult, measure_stack
from benchmarks.table import count_table, ratio_table, stack_table
from unc.cost_model import WEBHOOK
from unc.deploy.package import build_package

HERE = Path(__file__).parent
README = HERE / "README.md"
PLOT = HERE / "results.svg"
COUNTS = HERE / "counts.json"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
ENDURANCE_BATCHES = 100_000
GROUPS = {"one for all": True, "one for each sender": False}


@dataclass
class Run:
    """One run of everything."""

    results: Results
    stacks: dict[str, dict[str, StackResult]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    memory_kb: dict[str, int] = field(default_factory=dict)
    zip_bytes: int = 0
    seconds: float = 0.0

    @property
    def standings(self) -> list[DeliveryStatus]:
        """Hold it against the goals."""
        return hold_against(self.results)


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="fewer or more rounds")
    parser.add_argument("--no-stack", action="store_true", help="leave out the emulator")
    parser.add_argument("--dry-run", action="store_true", help="print only, write nothing")
    wanted = parser.parse_args()
    run = measure_all(wanted.scale, not wanted.no_stack)
    report = render(run)
    print(report)
    if not wanted.dry_run:
        write(run, report)
    progress(f"{run.seconds:.0f} s")


def progress(line: str) -> None:
    """Say what is going on, apart from the results."""
    print(f"· {line}", file=sys.stderr, flush=True)


def measure_all(scale: float, with_stack: bool) -> Run:
    """Measure the cases, the cold starts and the whole stack."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        code = {"ours": unpack_ours(folder), "baseline": BASELINE, "floor": HERE}
        run = Run(measure_cases(code, progress, scale))
        run.results.update(measure_cold(code, progress, max(3, round(COLD_STARTS * scale))))
        progress("a webhook, through the intake")
        run.webhook = intake.counted()
        progress("memory over 100,000 batches")
        run.memory_kb = measure_endurance(code["ours"], round(ENDURANCE_BATCHES * min(scale, 1)))
        run.zip_bytes = (folder / "ours.zip").stat().st_size
        if with_stack:
            run.stacks = measure_stacks(folder)
    run.seconds = time.monotonic() - started
    return run


def measure_stacks(folder: Path) -> dict[str, dict[str, StackResult]]:
    """Run both zips through the emulator, with either way of grouping messages."""
    packages = {"ours": build_package(folder / "stack.zip"), "baseline": pack_baseline(folder)}
    stacks: dict[str, dict[str, StackResult]] = {}
    for groups, one_group in GROUPS.items():
        for target, package in packages.items():
            progress(f"whole stack, {target}, message groups: {groups}")
            stacks.setdefault(groups, {})[target] = measure_stack(package, one_group)
    return stacks


def render(run: Run) -> str:
    """Return the whole report as Markdown."""
    reached = [each.is_reached for each in run.standings if each.has_limit]
    aims = [each for each in run.standings if each.goal.stretch < float("inf")]
    missed = [each.goal.title for each in aims if not each.is_stretch_reached]
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {platform.python_version()}. "
        f"Limits held: {sum(reached)} of {len(reached)} rows; aims reached: "
        f"{len(aims) - len(missed)} of {len(aims)}"
        + (f" (not: {', '.join(missed)})." if missed else "."),
        ratio_table(run.standings),
        f"What ships: {run.zip_bytes / 1024:.0f} KB, no package but our own.",
        endurance_line(run.memory_kb),
        "One batch; ours / baseline / floor:",
        count_table(run.results, {case.name: case.title for case in CASES.values()}),
    ]
    if run.stacks:
        parts += ["Through the whole stack, 1,000 messages of 50 senders:", stack_table(run.stacks)]
    return "\n\n".join(parts)


def endurance_line(memory_kb: dict[str, int]) -> str:
    """Tell the memory of one container on its way through the batches."""
    marks = ", ".join(f"{int(at):,}: {kb / 1024:.1f}" for at, kb in memory_kb.items())
    return f"Memory of one container in MB, by batches of new senders behind it: {marks}."


def machine() -> str:
    """Return the machine's size."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GB, load {os.getloadavg()[0]:.1f}"


def write(run: Run, report: str) -> None:
    """Write plot and counts, and put the report between the marks in the README."""
    PLOT.write_text(plot_ratios(run.standings))
    counts = counts_of(run.results) | {WEBHOOK: {"ours": run.webhook}}
    COUNTS.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{report}\n{END}{after}")


def counts_of(results: Results) -> dict[str, dict[str, object]]:
    """Return what a batch of each case took: counts, and milliseconds for the cost model."""
    return {
        case: {target: counts_of_one(measured) for target, measured in results[case].items()}
        for case in CASES
    }


def counts_of_one(measured: Measured) -> dict[str, object]:
    """Return one target's counts and times."""
    times = {f"{name}_ms": round(measured.median(name) * 1000, 2) for name in ("cpu", "wall")}
    return {**measured.counts.as_json(), **times}


if __name__ == "__main__":
    main()
