"""A change set as a person reads it: one line a resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape

from unc.deploy.change_set import Change

SIGNS = {
    "Add": "[green]+[/green]",
    "Modify": "[yellow]~[/yellow]",
    "Remove": "[red]-[/red]",
    "Import": "[cyan]<[/cyan]",
}


def render_changes(changes: Sequence[Change]) -> Iterator[str]:
    """Yield a line for each change, and one that counts them."""
    width = max((len(change.resource) for change in changes), default=0)
    for change in changes:
        yield f"  {render_change(change, width)}"
    yield summary(changes)


def render_change(change: Change, width: int) -> str:
    """Say what happens to one resource; what is lost or made anew is red."""
    sign = SIGNS.get(change.action, "?")
    properties = f" ({', '.join(change.properties)})" if change.properties else ""
    replaced = " [red]REPLACED[/red]" if change.replaces else ""
    return f"{sign} {change.resource:<{width}}  {escape(change.type + properties)}{replaced}"


def summary(changes: Sequence[Change]) -> str:
    """Count the changes by what they do."""
    words = {"Add": "added", "Modify": "changed", "Remove": "removed", "Import": "taken over"}
    counts = {
        word: sum(change.action == action for change in changes) for action, word in words.items()
    }
    told = [f"{count} {word}" for word, count in counts.items() if count]
    return ", ".join(told) or "nothing changes"
