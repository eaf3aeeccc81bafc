"""`unc status`: queues, tables and functions at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from unc.aws.connection import connect
from unc.aws.status import Status, read_status
from unc.commands.options import AsJson
from unc.terminal import out, print_json, small_table


def command(as_json: AsJson = False) -> None:
    """Show queues, tables and functions at a glance."""
    found = read_status(*connect())
    if as_json:
        print_json(found.as_json())
        return
    for table in _render_status(found):
        out.print(table)
        out.print()


def _render_status(status: Status) -> Iterator[Table]:
    """Yield one small table each for queues, tables and functions."""
    yield _queue_table(status)
    yield _item_table(status)
    yield _function_table(status)


def _queue_table(status: Status) -> Table:
    """Show what waits where; anything among dead letters is red."""
    table = small_table("queue", "waiting", "in flight", "not due yet")
    for name, depth in status.queues.items():
        alarming = ("dead" in name or "failures" in name) and depth.waiting
        waiting = f"[red]{depth.waiting}[/red]" if alarming else str(depth.waiting)
        table.add_row(name, waiting, str(depth.in_flight), str(depth.delayed))
    return table


def _item_table(status: Status) -> Table:
    """Show how much is kept."""
    table = small_table("table", "items")
    for name, count in status.tables.items():
        table.add_row(name, str(count))
    return table


def _function_table(status: Status) -> Table:
    """Show the functions and what feeds them."""
    table = small_table("function", "state", "runtime", "memory", "fed by", right=())
    for one in status.functions:
        fed = ", ".join(f"{name} ({state.lower()})" for name, state in one.sources.items())
        table.add_row(one.name, one.state.lower(), one.runtime, f"{one.memory_mb} MB", fed or "-")
    return table
