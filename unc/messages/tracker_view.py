"""The progress of messages as a table: live on a terminal, plain elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from unc.aws.session import is_loopback
from unc.messages.outcome import Outcome
from unc.messages.trace import State
from unc.messages.tracker import IGNORED, NOT_STORED, MessageProgress, MessageTracker
from unc.terminal import err, out, printable

ROWS_SHOWN = 20
_LABEL_CHARACTERS = 34
LEFT_OUT = f"{NOT_STORED}; see: unc dlq list --queue messages"
NO_REPLY = (
    "the reply service answered 2xx, but there is no reply in these tables: it writes elsewhere, "
    "or needs AWS_ENDPOINT_URL={}"
)
WAITING = "still waiting; see: unc status"
# What the emulator cannot do; said where somebody waits on this machine.
ONE_AT_A_TIME = (
    "on this machine nobody's message is stored while a reply is awaited: the emulator runs one "
    "batch of the stream at a time"
)


@contextmanager
def shown(tracker: MessageTracker) -> Iterator[Callable[[], None]]:
    """Show the table on stderr while the block runs; give the function that refreshes it."""
    if not err.is_terminal:
        yield lambda: None
        return
    with Live(render_tracker(tracker), console=err, transient=True, refresh_per_second=8) as live:
        yield lambda: live.update(render_tracker(tracker))


def print_tracker(tracker: MessageTracker) -> None:
    """Print where every message ended up, and where to look for what is not stored."""
    out.print(render_tracker(tracker))
    if len(tracker.messages) > ROWS_SHOWN:
        _print_outcomes(tracker)
    for tracked in tracker.messages:
        if tracked.state:
            _print_state(tracked.message.message_id, tracked.state)
    if tracker.misses_any():
        out.print(f"[yellow]{LEFT_OUT}[/yellow]")
    if tracker.waits_for_any():
        out.print(f"[yellow]{WAITING}[/yellow]")
        if is_loopback(tracker.tables.aws.endpoint or ""):
            out.print(f"[yellow]{ONE_AT_A_TIME}[/yellow]")
    if tracker.lacks_replies():
        out.print(f"[yellow]{NO_REPLY.format(tracker.tables.aws.endpoint)}[/yellow]")


def _print_outcomes(tracker: MessageTracker) -> None:
    """Print how many messages ended otherwise than notified, and how."""
    outcomes = [tracked.outcome for tracked in tracker.messages if tracked.outcome]
    for (word, reason), count in Counter((one.word, one.reason) for one in outcomes).items():
        why = f"  [dim]{escape(printable(reason))}[/dim]" if reason else ""
        out.print(f"{count:>5}  [yellow]{escape(printable(word))}[/yellow]{why}")


def _print_state(message_id: str, state: State) -> None:
    """Print why a message did not come all the way, and which command helps."""
    out.print(f"[yellow]{escape(message_id)}: {escape(printable(state.sentence))}[/yellow]")
    if state.command:
        out.print(f"[yellow]next: {escape(state.command)}[/yellow]")


def render_tracker(tracker: MessageTracker) -> Table:
    """Return one row a message, or sums where there are many."""
    if len(tracker.messages) > ROWS_SHOWN:
        return _render_sums(tracker)
    table = _stage_table("message", "from")
    for tracked in tracker.messages:
        label = printable(tracked.message.label).replace("\n", " ")[:_LABEL_CHARACTERS]
        sender = "-" if tracked.message.is_callback else printable(tracked.message.sender_id)
        table.add_row(_one_line(label or "(no text)"), _one_line(sender or "-"), *_stages(tracked))
    return table


def _render_sums(tracker: MessageTracker) -> Table:
    """Return how many have come how far, and the slowest of each."""
    table = _stage_table("messages", "senders")
    senders = {tracked.message.sender_id for tracked in tracker.messages}
    sums = [
        _sum_stage([getattr(tracked, name) for tracked in tracker.messages]) for name in _STAGES
    ]
    table.add_row(str(len(tracker.messages)), str(len(senders)), "✓", *sums)
    return table


_STAGES = ("stored", "notified", "replied")


def _sum_stage(times: list[float | None]) -> str:
    """Count those that came so far, and say when the last did."""
    done = [seconds for seconds in times if seconds is not None]
    return f"{len(done)} [dim]in {max(done):.1f} s[/dim]" if done else "0"


def _stage_table(*first: str) -> Table:
    """Return an empty table with a column a stage; where it is narrow, the first columns give."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for name in first:
        table.add_column(name)
    for name in ("queued", *_STAGES):
        table.add_column(name, no_wrap=True, min_width=len(name))
    return table


def _one_line(text: str) -> Text:
    """Let a text lose its end rather than go on in a second line."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _stages(tracked: MessageProgress) -> tuple[str, ...]:
    """Mark each stage a message has reached."""
    if tracked.known_before:
        return ("✓", "[dim]stored before[/dim]", "", "")
    if tracked.left_out:
        colour = "dim" if tracked.left_out == IGNORED else "red"
        return ("✓", f"[{colour}]{tracked.left_out}[/{colour}]", "", "")
    stored, notified, replied = (_mark(getattr(tracked, name)) for name in _STAGES)
    if tracked.outcome and tracked.replied is None:
        notified = _mark_outcome(tracked.outcome)
    return ("✓", stored, notified, replied)


def _mark_outcome(outcome: Outcome) -> str:
    """Return what became of a message in place of the tick."""
    colour = "dim" if not outcome.is_failure else "red" if outcome.is_over else "yellow"
    return f"[{colour}]{escape(printable(outcome.word))}[/{colour}]"


def _mark(seconds: float | None) -> str:
    """Return a tick and the time, or a dot."""
    return "[dim]·[/dim]" if seconds is None else f"[green]✓[/green] [dim]{seconds:.1f} s[/dim]"
