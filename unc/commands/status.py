"""`unc status`: queues, tables, functions and how POSTs ended lately, at a glance."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.table import Table

from unc.answering.stop import read_answering
from unc.aws.connection import connect
from unc.aws.status import Status, read_status
from unc.aws.tables import Tables
from unc.commands.options import AsJson
from unc.messages.figures import Figures, read_figures
from unc.messages.post_code import explain_code
from unc.terminal import clock, out, print_json, small_table


def command(as_json: AsJson = False) -> None:
    """Show queues, tables, functions and how POSTs ended in the last minutes."""
    aws, resources = connect()
    now = time.time()
    found, answering = read_status(aws, resources), read_answering(Tables(aws, resources))
    figures = read_figures(aws, resources.dynamo_function, now)
    if as_json:
        more = {"lately": figures.as_json(), "answering": answering.as_json()}
        print_json(found.as_json() | more)
        return
    for part in render_status(found, figures, now):
        out.print(part)
    out.print("")
    out.print(f"answering: {answering.sentence()}")


def render_status(status: Status, figures: Figures, now: float) -> Iterator[Table | str]:
    """Yield one small table each for queues, tables, functions and outcomes, and what they mean."""
    yield _queue_table(status)
    yield from _hidden_lines(status, now)
    for table in (_item_table(status), _function_table(status), _figure_table(figures)):
        yield ""
        yield table
    for code, count in figures.codes.items():
        meaning = explain_code(code)
        yield f"[yellow]{count} times {code}[/yellow]{': ' if meaning else ''}{meaning}"
    if not figures.is_readable:
        yield "[yellow]nothing is counted: the log cannot be read (logs:FilterLogEvents)[/yellow]"
    if figures.is_partial:
        yield "[yellow]the log has more than was read: at least so many[/yellow]"


def _hidden_lines(status: Status, now: float) -> Iterator[str]:
    """Say until when messages in flight may stay out of sight."""
    for name, depth in status.queues.items():
        if depth.in_flight:
            until = clock(now + depth.hidden_seconds)
            yield (
                f"[dim]{name}: {depth.in_flight} in flight; what a killed process held shows again "
                f"by {until} at the latest ({depth.hidden_seconds} s)[/dim]"
            )


def _figure_table(figures: Figures) -> Table:
    """Show what became of messages lately; each is counted once a row."""
    table = small_table(f"last {figures.minutes} minutes", "messages")
    for name, count in figures.counts.items():
        is_well = not count or name == "notified"
        table.add_row(name, str(count) if is_well else f"[yellow]{count}[/yellow]")
    return table


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
