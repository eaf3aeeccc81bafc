"""`unc trace`: what became of a message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from unc.aws.connection import connect
from unc.commands.options import AsJson, require_sender
from unc.messages.trace import Trace, build_trace
from unc.messages.trace_facts import HOURS, read_facts
from unc.terminal import clock, day, out, print_json, printable

_MOST_HOURS = 24 * 366.0


def command(
    wanted: Annotated[
        str, typer.Argument(metavar="MESSAGE_SID|SENDER", help="SM…, or 4915555550199")
    ],
    hours: Annotated[
        float,
        typer.Option(min=0, max=_MOST_HOURS, help="How much of the log: from the message on."),
    ] = HOURS,
    as_json: AsJson = False,
) -> None:
    """Show what became of a message, or of a sender's newest ones, in time order."""
    require_sender(wanted)
    aws, resources = connect()
    found = build_trace(read_facts(aws, resources, wanted.strip(), hours), time.time())
    if as_json:
        print_json(found.as_json())
        return
    for line in render_trace(found):
        out.print(line)


def render_trace(trace: Trace) -> Iterator[str]:
    """Yield a line an event, with the seconds since the one before, and the state at the end."""
    ids = {event.message_id for event in trace.events}
    before = None
    for event in trace.events:
        date = day(event.at)[:10]
        if before is None or day(before)[:10] != date:
            yield f"[bold]{date}[/bold]"
        step = "" if before is None else f"+{max(0.0, event.at - before):.1f} s"
        before = event.at
        who = f"{event.message_id[:2]}…{event.message_id[-4:]} " if len(ids) > 1 else ""
        what = f"{who}[cyan]{escape(printable(event.what))}[/cyan]"
        yield (
            f"  [dim]{_moment(event.at)} {step:>10}[/dim]  {what}"
            f" [dim]{escape(printable(event.detail))}  ({escape(event.source)})[/dim]"
        )
    if trace.is_log_partial:
        yield "[yellow]the log has more than was read; --hours narrows it[/yellow]"
    yield escape(printable(trace.state.sentence))
    if trace.state.command:
        yield f"next: {escape(trace.state.command)}"


def _moment(seconds: float) -> str:
    """Return a local time of day to the millisecond."""
    return f"{clock(seconds)}.{int(seconds * 1000) % 1000:03d}"
