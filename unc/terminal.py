"""Two consoles: results on stdout, progress on stderr.

Texts of strangers lose their control characters before they reach a terminal.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from unc.errors import UncError

# A pipe has no width of its own.
_PIPE_WIDTH = 160
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def progress(line: str) -> None:
    """Print what goes on, to stderr."""
    err.print(f"[dim]· {escape(line)}[/dim]")


def complain(error: UncError) -> None:
    """Print the reason, and what to do, on one line."""
    hint = f" [dim]({escape(error.hint)})[/dim]" if error.hint else ""
    err.print(f"[red]unc:[/red] {escape(str(error))}{hint}")


def print_json(value: Any) -> None:
    """Print a value for another program: one document, nothing around it."""
    speaks_unicode = out.encoding.startswith("utf")
    json.dump(value, sys.stdout, indent=2, ensure_ascii=not speaks_unicode, default=to_plain)
    sys.stdout.write("\n")


def print_json_line(value: Any) -> None:
    """Print a value for another program, on one line."""
    speaks_unicode = out.encoding.startswith("utf")
    sys.stdout.write(json.dumps(value, ensure_ascii=not speaks_unicode, default=to_plain) + "\n")


def to_plain(value: Any) -> Any:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set):
        return sorted(value)
    return str(value)


def printable(text: str) -> str:
    """Take out what could move a terminal's cursor or change its colours."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def clock(seconds: float | Decimal) -> str:
    """Return a moment as local time of day."""
    return datetime.fromtimestamp(float(seconds), UTC).astimezone().strftime("%H:%M:%S")


def day(seconds: float | Decimal) -> str:
    """Return a moment as local date and time."""
    return datetime.fromtimestamp(float(seconds), UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def iso(seconds: float | Decimal) -> str:
    """Return a moment as an ISO 8601 date and time in UTC."""
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")


def small_table(first: str, *others: str, right: tuple[str, ...] | None = None) -> Table:
    """Return a table without a frame; columns after the first are numbers unless said otherwise."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right" if right is None or name in right else "left")
    return table
