"""`unc dlq …`: read arguments, run one operation each, print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from consumer.notification.notification import Notification
from unc.aws.connection import connect, connect_for_change
from unc.aws.queues import read_depth
from unc.aws.session import Aws
from unc.aws.tables import Tables
from unc.commands.options import INCOMPLETE, AsJson
from unc.dlq import operations as operations
from unc.dlq import queues, view
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.queues import DeadLetterQueue, choose_queues
from unc.dlq.routes import route_of
from unc.dlq.stream_position import read_position
from unc.dlq.unnotified import find_unnotified
from unc.errors import BadInput
from unc.terminal import out, print_json

_DEAD_LETTERS_SHOWN = 50

app = typer.Typer(no_args_is_help=True, help="Dead letters: see them, send them back, remove them.")
_QueueName = Annotated[
    str | None,
    typer.Option(
        "--queue",
        help=f"{' | '.join(queues.NAMES)}; all unless given.",
        callback=queues.check_name,
    ),
]
_Ids = Annotated[
    list[str] | None, typer.Option("--id", help="A dead letter's id or its beginning; repeatable.")
]


@app.command("list")
def list_dead_letters(
    queue: _QueueName = None,
    limit: Annotated[
        int, typer.Option(min=1, help="How many of each queue.")
    ] = _DEAD_LETTERS_SHOWN,
    as_json: AsJson = False,
) -> None:
    """Show what lies in the dead-letter queues; it stays there, and bodies stay hidden."""
    aws, resources = connect()
    listings = operations.look(aws, choose_queues(resources, queue), limit)
    if as_json:
        print_json([listing.as_json() for listing in listings])
        return
    for listing in listings:
        for part in view.render_listing(listing):
            out.print(part)
        out.print()


@app.command("show")
def show_dead_letter(
    id: Annotated[str, typer.Argument(help="A dead letter's id or its beginning.")],
    queue: _QueueName = None,
    body: Annotated[bool, typer.Option("--body", help="Show what people wrote, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter; its body only when asked for."""
    _refuse_blank("ID", [id])
    aws, resources = connect()
    found = operations.find_one(aws, choose_queues(resources, queue), id)
    if found is None:
        raise _not_found([id])
    place, dead_letter = found
    unnotified = _unnotified_of(Tables(aws, resources), place, dead_letter)
    if as_json:
        print_json(dead_letter.as_json(body) | {"unnotified": view.senders(unnotified, body)})
        return
    for line in view.render_dead_letter(
        dead_letter, route_of(aws, place).preview(dead_letter), body
    ):
        out.print(line)
    for line in view.render_unnotified(unnotified, body):
        out.print(line)


@app.command("redrive")
def redrive(
    ids: _Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All that lie there now.")] = False,
    queue: _QueueName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters another try; may be stopped at any moment and run again."""
    _refuse_blank("--id", ids or [])
    if bool(ids) == everything:
        raise BadInput("redrive takes either --all or --id", "unc dlq list shows the ids")
    aws, resources = connect_for_change(as_json)
    chosen = choose_queues(resources, queue)
    if dry_run:
        _print_previews([operations.preview(aws, one, ids or []) for one in chosen], as_json)
        return
    wanted = operations.Wanted(ids or [])
    done = (
        operations.redrive_ids(aws, chosen, wanted)
        if ids
        else operations.redrive_queues(aws, chosen)
    )
    whole = _report(done, as_json)
    _complain_of_missing(wanted)
    if not whole:
        raise typer.Exit(INCOMPLETE)


@app.command("purge")
def purge(
    ids: _Ids = None,
    queue: _QueueName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really delete them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete dead letters for good: those named, or all of a queue, or all."""
    _refuse_blank("--id", ids or [])
    aws, resources = connect_for_change(as_json)
    chosen = choose_queues(resources, queue)
    if not yes:
        raise unconfirmed(aws, chosen, ids)
    if ids:
        _purge_ids(aws, chosen, operations.Wanted(ids), as_json)
        return
    for one in chosen:
        aws.sqs.purge_queue(QueueUrl=one.url)
        if not as_json:
            out.print(f"{one.name}: purged [dim](SQS takes up to a minute)[/dim]")
    if as_json:
        print_json({"purged": [one.name for one in chosen]})


def _purge_ids(
    aws: Aws, chosen: Sequence[DeadLetterQueue], wanted: operations.Wanted, as_json: bool
) -> None:
    """Delete dead letters by id, and say how many; raises BadInput for ids not to be seen."""
    deleted = operations.purge_ids(aws, chosen, wanted)
    if as_json:
        print_json({"deleted": deleted})
    else:
        out.print(f"{deleted} deleted")
    _complain_of_missing(wanted)


def _refuse_blank(name: str, ids: Sequence[str]) -> None:
    """Raise BadInput for a blank id, which every id begins with."""
    if not all(id.strip() for id in ids):
        raise BadInput(f"{name} is empty", "unc dlq list shows the ids")


def _unnotified_of(
    tables: Tables, queue: DeadLetterQueue, dead_letter: DeadLetter
) -> list[Notification]:
    """Find the chats of a stream position that no accepted POST has covered."""
    position = read_position(dead_letter.body) if queue.name == queues.STREAM else None
    return find_unnotified(tables, position) if position else []


def _print_previews(previews: Sequence[operations.Preview], as_json: bool) -> None:
    """Print what a redrive would do."""
    if as_json:
        rows = [row for preview in previews for row in preview.rows]
        print_json([{**dead_letter.as_json(), "would_go": would} for dead_letter, would in rows])
        return
    for preview in previews:
        for part in view.render_preview(preview.queue.name, preview.rows, preview.total):
            out.print(part)


def _report(done: Iterator[operations.Done], as_json: bool) -> bool:
    """Print what a redrive did to each queue when it is done; say whether nothing stayed."""
    whole = True
    document = {}
    for queue, outcome in done:
        whole = whole and outcome.is_whole
        document[queue.name] = vars(outcome)
        if not as_json:
            for line in view.render_outcome(queue.name, outcome):
                out.print(line)
    if as_json:
        print_json(document)
    return whole


def _complain_of_missing(wanted: operations.Wanted) -> None:
    """Raise BadInput for ids that were in none of the queues."""
    if wanted.missing:
        raise _not_found(wanted.missing)


def _not_found(ids: Sequence[str]) -> BadInput:
    """Say that dead letters are not to be seen, which is not to say that they are not there."""
    return BadInput(
        f"no dead letter to be seen begins with {', '.join(ids)}",
        "unc dlq list; of one message group SQS shows ten until those are gone",
    )


def unconfirmed(aws: Aws, chosen: Sequence[DeadLetterQueue], ids: Sequence[str] | None) -> BadInput:
    """Say what a purge would delete, or that a dead letter is not there."""
    if ids:
        wanted = operations.Wanted(ids)
        what = f"{operations.count_ids(aws, chosen, wanted)} dead letter(s)"
        _complain_of_missing(wanted)
    else:
        counts = ", ".join(f"{read_depth(aws, one.url).waiting} of {one.name}" for one in chosen)
        what = f"all dead letters: about {counts}"
    return BadInput(f"this would delete {what}", "say --yes to do it; unc dlq list shows them")
