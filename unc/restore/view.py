"""The two plans of `unc restore`, for a reader and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from unc.restore.bring_back import BringBackPlan, TableState
from unc.restore.rows import Counts
from unc.restore.write_back import TableCopy, WriteBackPlan

_PEOPLE = "people who were erased after that moment come back, unless --without names them"


def render_write_back(plan: WriteBackPlan) -> Iterator[str]:
    """Say what would be copied and written back."""
    yield f"rows as of {plan.moment.isoformat()}:"
    for each in plan.copies:
        yield f"- {each.table}: {_state_of_copy(each)}"
    rows = "are missing" if plan.choice.missing_only else "are missing or differ"
    yield f"rows that {rows} are written back; what was written since stays"
    yield "nobody is notified about an old message"
    yield _PEOPLE


def _state_of_copy(each: TableCopy) -> str:
    if each.differing:
        return f"{_count(each.differing)}, says {each.copy}"
    if each.state == "none":
        return f"{each.copy} is to be made, which takes from minutes to hours"
    return f"{each.copy} is being made"


def _count(counts: Counts) -> str:
    return f"{counts.missing} rows missing, {counts.changed} differ"


def render_written(plan: WriteBackPlan, written: Mapping[str, Counts]) -> Iterator[str]:
    """Say what was written back, and how to remove the copies."""
    for table, counts in written.items():
        yield f"{table}: wrote {counts.missing + counts.changed - counts.busy} rows back"
        if counts.busy:
            yield f"{counts.busy} rows of {table} changed meanwhile; run it again to look at them"
    yield from render_copies(plan)


def render_copies(plan: WriteBackPlan) -> Iterator[str]:
    """Say which copies there are, and how to remove them."""
    yield "the copies stay, and cost as tables do; to remove them:"
    for each in plan.copies:
        yield f"  aws dynamodb delete-table --table-name {each.copy}"


def write_back_document(
    plan: WriteBackPlan, written: Mapping[str, Counts] | None
) -> dict[str, Any]:
    """Return the plan, and what was written, for another program."""
    return {
        "moment": plan.moment.isoformat(),
        "tables": [
            {
                "table": each.table,
                "copy": each.copy,
                "state": each.state,
                "differing": vars(each.differing) if each.differing else None,
                "written": vars(written[each.table]) if written else None,
            }
            for each in plan.copies
        ],
    }


def render_bring_back(plan: BringBackPlan) -> Iterator[str]:
    """Say what would be brought back and set up."""
    if plan.is_whole:
        yield "the tables are there and whole, and the event source reads the chats' stream"
        return
    for table in plan.tables:
        yield f"- {table.name}: {_state_of_table(table)}"
    if not plan.reads_stream:
        yield "- the event sources: replaced by ones that read the chats' stream"
    yield "messages wait in the queue meanwhile; nobody is notified about an old one"


def _state_of_table(table: TableState) -> str:
    if table.state == "gone":
        return f"gone; comes back from the backup of {_moment(table.backup_made)}"
    if table.state == "in progress":
        return "is being restored"
    return f"switch on {', '.join(table.lacks)}" if table.lacks else "is whole"


def _moment(made: datetime | None) -> str:
    return made.astimezone(UTC).isoformat(timespec="seconds") if made else "an unknown moment"


def bring_back_document(plan: BringBackPlan, done: bool) -> dict[str, Any]:
    """Return the plan for another program."""
    return {
        "tables": [
            {
                "table": each.name,
                "state": each.state,
                "lacks": list(each.lacks),
                "backup": each.backup or None,
            }
            for each in plan.tables
        ],
        "reads_stream": plan.reads_stream,
        "done": done,
    }
