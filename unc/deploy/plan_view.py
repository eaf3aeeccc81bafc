"""A deployment's plan and its changes for a reader, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.markup import escape

from unc.aws.session import Aws
from unc.deploy.change_set import Change
from unc.deploy.deployment import Plan
from unc.deploy.destination import find_destination
from unc.deploy.rollout import describe_account, describe_steps, rehearse
from unc.messages.webhook import RETRY_SETTINGS
from unc.takeover.account import Account
from unc.takeover.boundary import read_notified_until
from unc.terminal import out, print_json, progress

_SIGNS = {
    "Add": "[green]+[/green]",
    "Modify": "[yellow]~[/yellow]",
    "Remove": "[red]-[/red]",
    "Import": "[cyan]<[/cyan]",
}


def print_plan(aws: Aws, plan: Plan, notified_until: str | None, as_json: bool) -> None:
    """Print what a deployment would do."""
    moment = read_notified_until(notified_until)
    account, changes = rehearse(aws, plan, moment, progress)
    destination = find_destination(aws, plan, account.parameters)
    if as_json:
        print_json(as_document(account, changes, moment) | {"reply_service": vars(destination)})
        return
    if not destination.is_said:
        out.print(destination.sentence, markup=False)
        out.print(f"a deployment wants that said: {destination.way_to_say}", markup=False)
    if account.needs_takeover:
        for line in describe_steps(account, moment):
            out.print(line, markup=False)
    else:
        _print_changes(changes)


def as_document(
    account: Account, changes: Sequence[Change], notified_until: Decimal | None
) -> dict[str, Any]:
    """Return the plan for another program; before a takeover the changes are not known: null."""
    found = list(describe_account(account))
    steps = list(describe_steps(account, notified_until))[len(found) :]
    return {
        "takeover": account.needs_takeover,
        "unmanaged": [
            {"resource": one.resource, "type": one.type, "name": one.name}
            for one in account.unmanaged
        ],
        "mappings": [vars(mapping) for mapping in account.mappings],
        "steps": steps if account.needs_takeover else [],
        "changes": None if account.needs_takeover else [vars(change) for change in changes],
    }


def _print_changes(changes: Sequence[Change]) -> None:
    """Print a change set."""
    for line in render_changes(changes):
        out.print(line)


def render_changes(changes: Sequence[Change]) -> Iterator[str]:
    """Yield a line for each change, and one that counts them."""
    width = max((len(change.resource) for change in changes), default=0)
    for change in changes:
        yield f"  {_render_change(change, width)}"
    yield _summary(changes)


def _render_change(change: Change, width: int) -> str:
    """Say what happens to one resource; what is lost or made anew is red."""
    sign = _SIGNS.get(change.action, "?")
    properties = f" ({', '.join(change.properties)})" if change.properties else ""
    replaced = " [red]REPLACED[/red]" if change.replaces else ""
    return f"{sign} {change.resource:<{width}}  {escape(change.type + properties)}{replaced}"


def _summary(changes: Sequence[Change]) -> str:
    """Count the changes by what they do."""
    words = {"Add": "added", "Modify": "changed", "Remove": "removed", "Import": "taken over"}
    counts = {
        word: sum(change.action == action for change in changes) for action, word in words.items()
    }
    counted = [f"{count} {word}" for word, count in counts.items() if count]
    return ", ".join(counted) or "nothing changes"


def render_webhook(outputs: Mapping[str, str], find_room: Callable[[], int]) -> Iterator[str]:
    """Yield what to paste at Twilio, with the retry settings; nothing without an intake.

    `find_room` gives how many invocations the intake finds.
    """
    url = outputs.get("WebhookUrl")
    if url:
        yield ""
        yield "Paste at Twilio, with method POST, as the webhook and as its fallback:"
        yield f"  {url}{RETRY_SETTINGS}"
        yield "Where that is in the console: docs/howto/twilio.md"
        yield f"There is room for {find_room():,} webhooks at once; above that it may answer 429."
        yield "To try it first: unc webhook check"
