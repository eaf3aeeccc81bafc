"""Dead letters as tables and lines for a reader; bodies only where they were asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from consumer.masking import mask
from consumer.notification.notification import Notification
from unc.aws.queues import Depth
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.queues import STREAM, DeadLetterQueue
from unc.dlq.redrive import Outcome
from unc.dlq.stream_position import read_position
from unc.terminal import clock, day, printable

_ID_CHARACTERS = 8
STAYING_SHOWN = 20
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True)
class Listing:
    """What of a dead-letter queue can be seen, and how much there is."""

    queue: DeadLetterQueue
    depth: Depth
    dead_letters: Sequence[DeadLetter]

    def as_json(self) -> dict[str, object]:
        """Return it as one document."""
        return {
            "queue": self.queue.name,
            "url": self.queue.url,
            "waiting": self.depth.waiting,
            "in_flight": self.depth.in_flight,
            "reasons": [
                {"reason": reason, "count": len(dead_letters)}
                for reason, dead_letters in _group_by_reason(self.dead_letters)
            ],
            "dead_letters": [dead_letter.as_json() for dead_letter in self.dead_letters],
        }


def _group_by_reason(dead_letters: Sequence[DeadLetter]) -> list[tuple[str, list[DeadLetter]]]:
    """Return the dead letters of each reason, the most frequent reason first."""
    groups: dict[str, list[DeadLetter]] = {}
    for dead_letter in dead_letters:
        groups.setdefault(dead_letter.reason, []).append(dead_letter)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def render_listing(listing: Listing) -> Iterator[str | Table]:
    """Yield a head line, each reason with its count and dead letters, and what is not shown."""
    count = max(listing.depth.waiting, len(listing.dead_letters))
    colour = "red" if count else "green"
    queue = listing.queue
    yield f"[bold]{queue.name}[/bold]  [{colour}]{count}[/{colour}] [dim]{queue.holds}[/dim]"
    for reason, dead_letters in _group_by_reason(listing.dead_letters):
        yield f"[bold]{len(dead_letters)}[/bold]  {_safe(reason)}"
        yield _render_dead_letters(dead_letters)
    for note in _notes(listing):
        yield f"[dim]{note}[/dim]"


def _notes(listing: Listing) -> Iterator[str]:
    """Say what the table does not show, and why."""
    hidden = listing.depth.waiting - len(listing.dead_letters)
    if listing.dead_letters and hidden > 0:
        yield (
            f"about {hidden} more: --limit shows further groups; of one message group SQS shows "
            "ten until those are gone"
        )
    if listing.depth.in_flight:
        yield (
            f"{listing.depth.in_flight} out of sight: another command holds them, or held them "
            "when it died; they show again within half a minute"
        )


def _render_dead_letters(dead_letters: Sequence[DeadLetter]) -> Table:
    """Show one dead letter a row."""
    table = _plain_table("id", "age", "sender")
    now = time.time()
    for dead_letter in dead_letters:
        age = show_age(now - dead_letter.sent_ms / 1000)
        table.add_row(dead_letter.id[:_ID_CHARACTERS], age, dead_letter.sender or "-")
    return table


def render_preview(
    name: str, rows: Sequence[tuple[DeadLetter, str]], total: int
) -> Iterator[str | Table]:
    """Yield what a redrive of one queue would do, one dead letter a row."""
    yield f"[bold]{name}[/bold]  {total} would be redriven"
    if rows:
        table = _plain_table("id", "sender", "reason", "would go")
        for dead_letter, would in rows:
            sender = dead_letter.sender or "-"
            table.add_row(
                dead_letter.id[:_ID_CHARACTERS], sender, _safe(dead_letter.reason), _safe(would)
            )
        yield table
    if total > len(rows):
        yield f"[dim]{total - len(rows)} of them cannot be seen yet[/dim]"


def render_dead_letter(dead_letter: DeadLetter, would: str, with_body: bool) -> Iterator[str]:
    """Yield a line for each fact, and the body if it is wanted."""
    for name, value in _facts(dead_letter, would):
        yield f"[dim]{name:<12}[/dim] {_safe(value)}"
    if with_body:
        yield f"[dim]{'body':<12}[/dim]"
        yield escape(printable(dead_letter.body))
    else:
        hint = f"{len(dead_letter.body):,} characters; --body shows it"
        yield f"[dim]{'body':<12} {hint}[/dim]"


def _facts(dead_letter: DeadLetter, would: str) -> Iterator[tuple[str, str]]:
    """Yield what is known about a dead letter, blank parts left out."""
    age = time.time() - dead_letter.sent_ms / 1000
    known = {
        "id": dead_letter.id,
        "queue": dead_letter.queue,
        "reason": dead_letter.reason,
        "age": f"{show_age(age)}, since {_moment(dead_letter.sent_ms)}",
        "sender": dead_letter.sender,
        "message": dead_letter.facts.message_id,
        "first queued": ""
        if dead_letter.queue == STREAM
        else _moment(dead_letter.original_sent_ms),
        "first id": dead_letter.original_id if dead_letter.original_id != dead_letter.id else "",
        "received": dead_letter.attribute("ReceiveCount"),
        "records": _batch(dead_letter),
        "redrive": would,
    }
    yield from ((name, value) for name, value in known.items() if value)


def render_unnotified(waiting: Sequence[Notification], with_senders: bool) -> Iterator[str]:
    """Name the senders of a stream position whose newest message no accepted POST has covered."""
    if not waiting:
        return
    yield f"{len(waiting)} sender(s) wrote in those minutes and the reply service was not notified:"
    for sender in senders(waiting, with_senders):
        yield f"  unc replay {_safe(sender)}"
    if not with_senders:
        yield "[dim]--body shows the senders in full[/dim]"


def senders(notifications: Sequence[Notification], in_full: bool) -> list[str]:
    """Name the senders, masked as in the logs unless wanted in full."""
    return [each.sender_id if in_full else mask(each.sender_id) for each in notifications]


def render_outcome(name: str, outcome: Outcome) -> Iterator[str]:
    """Say what a redrive did to one queue."""
    yield f"{name}: {outcome.moved} redriven"
    for id, why in list(outcome.stayed.items())[:STAYING_SHOWN]:
        yield f"  [red]{id[:_ID_CHARACTERS]} stays:[/red] {_safe(why)}"
    if len(outcome.stayed) > STAYING_SHOWN:
        yield f"  [red]and {len(outcome.stayed) - STAYING_SHOWN} more stay[/red]"
    if outcome.late:
        yield f"  [dim]{outcome.late} came, or came back, meanwhile and were left[/dim]"
    if outcome.unseen and outcome.moved:
        yield f"  [dim]the queue still counts {outcome.unseen}, up to a minute late[/dim]"
    elif outcome.unseen:
        yield (
            f"  [yellow]about {outcome.unseen} could not be had: another command holds some of "
            "them, or did when it died; run it again in half a minute[/yellow]"
        )
    if outcome.stopped_early:
        yield "  [red]stopped: too many stay or come back; is the cause fixed?[/red]"


def _batch(dead_letter: DeadLetter) -> str:
    """Say how large the batch of a stream position was, and when its records arrived."""
    position = read_position(dead_letter.body) if dead_letter.queue == STREAM else None
    if position is None:
        return ""
    if position.since is None or position.until is None:
        return str(position.size)
    since, until = (_moment(int(1000 * end)) for end in (position.since, position.until))
    return f"{position.size}, stored from {since} to {until}"


def _moment(ms: int) -> str:
    """Return local date and time to the second."""
    return f"{day(ms / 1000)[:10]} {clock(ms / 1000)}"


def show_age(seconds: float) -> str:
    """Return an age in its largest whole unit."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def _safe(text: str) -> str:
    """Take out what a terminal or the markup would act on."""
    return escape(printable(text).replace("\n", " "))


def _plain_table(*columns: str) -> Table:
    """Return a table without a frame."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
