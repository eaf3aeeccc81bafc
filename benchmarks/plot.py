"""The ratios as a picture: one bar a case, the floor at 1, the limits as ticks.

Written as SVG by hand: a bar chart is little enough, and a plotting package would be the largest
thing that this project installs.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log10
from xml.sax.saxutils import escape

from benchmarks.goals import INF, DeliveryStatus

WIDTH = 860
LEFT = 320
RIGHT = 70
TOP = 64
ROW = 34
BAR = 9
LEAST, MOST = 0.2, 60.0
GRID = (0.25, 0.5, 1, 2, 5, 10, 20, 50)
OURS, BASELINE, FLOOR, TEXT, FAINT = "#1a7f64", "#c9a227", "#57606a", "#1f2328", "#d0d7de"
LIMIT = "#cf222e"


def plot_ratios(standings: Iterable[DeliveryStatus]) -> str:
    """Draw ours and the baseline as multiples of the floor, on a logarithmic scale."""
    rows = list(standings)
    height = TOP + ROW * len(rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12" role="img">',
        "<title>Time, CPU and memory as multiples of the floor</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        *legend(),
        *grid(height),
    ]
    for number, row in enumerate(rows):
        parts += bars(row, TOP + ROW * number)
    return "\n".join([*parts, "</svg>", ""])


def legend() -> list[str]:
    """Draw the heading and what the colours mean."""
    return [
        text(16, 24, "Multiples of the floor: the fewest calls, by bare botocore", 14, TEXT, True),
        rect(16, 36, 12, BAR, OURS),
        text(33, 45, "this consumer"),
        rect(130, 36, 12, BAR, BASELINE),
        text(147, 45, "baseline (boto3, a sender at a time)"),
        line(392, 34, 392, 48, LIMIT, 2),
        text(399, 45, "limit"),
        line(447, 34, 447, 48, TEXT, 2),
        text(454, 45, "aim"),
    ]


def grid(height: int) -> list[str]:
    """Draw the scale; the floor is the line at 1."""
    parts = []
    for value in GRID:
        place = x_of(value)
        colour, width = (FLOOR, 1.5) if value == 1 else (FAINT, 1)
        parts.append(line(place, TOP - 6, place, height - 24, colour, width))
        parts.append(text(place - 8, height - 8, f"{value:g}x", 11, FLOOR))
    return parts


def bars(row: DeliveryStatus, top: float) -> list[str]:
    """Draw one case."""
    baseline = row.to_floor / row.to_baseline
    parts = [
        text(16, top + 16, row.goal.title),
        rect(LEFT, top + 2, x_of(row.to_floor) - LEFT, BAR, OURS),
        rect(LEFT, top + 2 + BAR + 2, x_of(baseline) - LEFT, BAR, BASELINE),
        text(LEFT - 32, top + 11, f"{row.to_floor:.2f}", 11, OURS, True),
        text(LEFT - 32, top + 23, f"{baseline:.2f}"[:4].rstrip("."), 11, FLOOR),
    ]
    for value, colour in ((row.goal.floor, LIMIT), (row.goal.stretch, TEXT)):
        if value < INF:
            parts.append(line(x_of(value), top - 1, x_of(value), top + BAR + 4, colour, 2))
    return parts


def x_of(value: float) -> float:
    """Return where a multiple lies."""
    share = log10(min(max(value, LEAST), MOST) / LEAST) / log10(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Draw a bar."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" '
        f'rx="2" fill="{fill}"/>'
    )


def line(x: float, y: float, to_x: float, to_y: float, stroke: str, width: float) -> str:
    """Draw a line."""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="{stroke}" stroke-width="{width}"/>'
    )


def text(
    x: float, y: float, words: str, size: int = 12, fill: str = TEXT, bold: bool = False
) -> str:
    """Write something."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{weight}>'
        f"{escape(words)}</text>"
    )
