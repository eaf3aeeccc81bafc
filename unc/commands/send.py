"""`unc send`: read arguments, send, watch, print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from unc.aws.connection import connect_for_change
from unc.commands.options import INCOMPLETE, AsJson
from unc.errors import BadInput
from unc.local.samples import ONE_BODY, read_body
from unc.messages.follow import follow, make_tracker
from unc.messages.message import Message, read_message
from unc.messages.send import DEFAULT_ADDRESS, send_messages, write_messages
from unc.messages.tracker_view import print_tracker
from unc.messages.webhook import submit_messages
from unc.running import notifies_elsewhere
from unc.terminal import print_json, progress

_DEFAULT_BODY = "hello"
_ADDRESSES = "whatsapp:+49…, whatsapp:US.…, messenger:…, or +1… for SMS"

_Address = Annotated[
    str | None, typer.Option("--from", help=_ADDRESSES, show_default=DEFAULT_ADDRESS)
]
_Body = Annotated[
    str | None, typer.Option(help="What the sender writes.", show_default=_DEFAULT_BODY)
]
_Count = Annotated[int | None, typer.Option(help="How many messages.", show_default="1")]
_Senders = Annotated[
    int | None, typer.Option(help="From how many senders in turn.", show_default="1")
]
_File = Annotated[Path | None, typer.Option(help="Send this URL-encoded body as it is instead.")]


def command(
    address: _Address = None,
    body: _Body = None,
    file: _File = None,
    count: _Count = None,
    senders: _Senders = None,
    one_group: Annotated[
        bool, typer.Option(help="All in one message group, as today's producer does.")
    ] = False,
    queue: Annotated[
        bool, typer.Option("--queue", help="Straight to the queue, past the intake.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to watch what becomes of them.")
    ] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Send messages through the intake, or to the queue where there is none, and follow them.

    A body without a message id and --one-group need the queue, so these go past the intake.
    """
    options = {"--from": address, "--body": body, "--count": count, "--senders": senders}
    messages = _read_file(file, options) if file else _write_wanted(address, body, count, senders)
    aws, resources = connect_for_change(as_json)
    tracker = make_tracker(aws, resources, messages, notifies_elsewhere(aws.endpoint))
    if queue or one_group:
        tracker.start(send_messages(aws, resources.queue, messages, one_group))
    else:
        tracker.start(submit_messages(aws, resources, messages, progress))
    is_well = follow(tracker, wait)
    if as_json:
        print_json([tracked.as_json() for tracked in tracker.messages])
    else:
        print_tracker(tracker)
    if not is_well and wait > 0:
        progress("not all the way; see: unc trace, unc status")
        raise typer.Exit(INCOMPLETE)


def _read_file(path: Path, options: Mapping[str, object]) -> list[Message]:
    """Read the one body of a file; raises BadInput for an empty one or other options."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise BadInput(f"--file sends one body as it is: leave out {', '.join(given)}")
    body = read_body(path)
    if not body:
        raise BadInput(f"{path} is empty", ONE_BODY)
    return [read_message(body, path.stem)]


def _write_wanted(
    address: str | None, body: str | None, count: int | None, senders: int | None
) -> list[Message]:
    """Write messages; what was not said is as the help shows it."""
    return write_messages(
        DEFAULT_ADDRESS if address is None else address,
        _DEFAULT_BODY if body is None else body,
        1 if count is None else count,
        1 if senders is None else senders,
    )
