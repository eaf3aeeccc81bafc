"""The results as Markdown, ratios first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.counts import Counts
from benchmarks.goals import INF, DeliveryStatus
from benchmarks.measure import Results

ORDER = ("ours", "baseline", "floor")


def ratio_table(standings: Iterable[DeliveryStatus]) -> str:
    """Ratios with their limits, and the medians behind them."""
    lines = [
        "| case | to baseline | at most | to floor | at most | aim | ours | baseline | floor |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for each in standings:
        goal = each.goal
        cells = [
            goal.title,
            f"{mark(each.to_baseline, goal.baseline)}",
            limit(goal.baseline),
            f"{mark(each.to_floor, min(goal.floor, goal.stretch))}",
            limit(goal.floor),
            limit(goal.stretch),
            *(amount(value, goal.metric) for value in (each.ours, each.baseline, each.floor)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def mark(ratio: float, aim: float) -> str:
    """Show a ratio, bold where it reaches its aim."""
    shown = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"
    return f"**{shown}**" if ratio <= aim < INF else shown


def limit(value: float) -> str:
    """Show a limit, blank for none."""
    return "" if value == INF else f"{value:.2g}"


def amount(value: float, metric: str) -> str:
    """Show a median with its unit."""
    if metric == "peak_kb":
        return f"{value / 1024:.0f} MB"
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def count_table(results: Results, cases: Mapping[str, str]) -> str:
    """Calls, connections and units of one batch of each case; ours / baseline / floor."""
    lines = [
        "| batch | AWS calls | POSTs | new connections | read units | write units |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, title in cases.items():
        counts = [results[name][target].counts for target in ORDER]
        lines.append(f"| {title} | {' | '.join(count_cells(counts))} |")
    return "\n".join(lines)


def count_cells(counts: list[Counts]) -> list[str]:
    """The cells of one row."""
    rows: list[list[Any]] = [
        [each.aws_calls for each in counts],
        [each.posts for each in counts],
        [each.connections for each in counts],
        [each.read_units.total() for each in counts],
        [each.write_units.total() for each in counts],
    ]
    return [" / ".join(f"{value:g}" for value in row) for row in rows]


def stack_table(stacks: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole stack; a row for each way of grouping and each target."""
    lines = [
        "| message groups | target | messages/s | times the baseline | stored p50 | p99 "
        "| told p50 | p99 | POSTs |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for groups, by_target in stacks.items():
        for target, result in by_target.items():
            times = result.rate / by_target["baseline"].rate
            cells = [groups, target, f"{result.rate:.0f}", f"{times:.1f}"]
            cells += [
                f"{result.percentile(name, percent):.1f} s"
                for name in ("stored", "told")
                for percent in (50, 99)
            ]
            lines.append(f"| {' | '.join([*cells, str(result.posts)])} |")
    return "\n".join(lines)
