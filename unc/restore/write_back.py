"""Rows from a point in time: DynamoDB makes a copy, and its rows are written into the table.

The table is neither deleted nor replaced, so its stream, its settings and the position of whoever
reads it stay. What was written after the moment stays, too. A run that was cut off is repeated: it
finds the copies by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from unc.aws.session import Aws
from unc.deploy.stack_events import Progress
from unc.errors import BadInput, UncError
from unc.restore.copies import (
    await_active,
    copy_name,
    is_active,
    make_copy,
    read_table,
    require_same_keys,
)
from unc.restore.rows import Choice, Counts, Pair, count_rows, write_rows


@dataclass(frozen=True)
class TableCopy:
    """A table and the name of its copy; `state` is none, in progress or ready.

    `differing` counts the rows to write back, once the copy is ready.
    """

    table: str
    copy: str
    state: str
    differing: Counts | None


@dataclass(frozen=True)
class WriteBackPlan:
    """What is to be written back, and as of when."""

    moment: datetime
    choice: Choice
    copies: Sequence[TableCopy]


def read_moment(text: str) -> datetime:
    """Read a moment with its zone, in whole seconds; raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text} is no moment", "write it as 2026-11-22T10:00:00+00:00") from error
    if moment.tzinfo is None:
        raise BadInput(f"{text} says no time zone", f"write it as {text}+00:00")
    return moment.astimezone(UTC).replace(microsecond=0)


def plan_write_back(
    aws: Aws, tables: Sequence[str], moment: datetime, choice: Choice
) -> WriteBackPlan:
    """Look at tables and copies; changes nothing. Raises UncError for what cannot be done."""
    return WriteBackPlan(moment, choice, [_look_at(aws, each, moment, choice) for each in tables])


def _look_at(aws: Aws, table: str, moment: datetime, choice: Choice) -> TableCopy:
    """Find out how far an earlier run has come with a table."""
    if read_table(aws, table) is None:
        raise UncError(f"table {table} is gone", "bring it back first: unc restore, without --to")
    copy = copy_name(table, moment)
    if read_table(aws, copy) is None:
        _require_restorable(aws, table, moment)
        return TableCopy(table, copy, "none", None)
    if not is_active(aws, copy):
        return TableCopy(table, copy, "in progress", None)
    pair = Pair(table, copy, require_same_keys(aws, table, copy))
    return TableCopy(table, copy, "ready", count_rows(aws, pair, choice))


def _require_restorable(aws: Aws, table: str, moment: datetime) -> None:
    """Raise UncError unless DynamoDB can make a copy as of the moment."""
    found = aws.dynamodb.describe_continuous_backups(TableName=table)
    recovery = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise UncError(f"table {table} has no point-in-time recovery", "unc restore switches it on")
    latest = recovery.get("LatestRestorableDateTime")
    if latest and moment > latest:
        raise BadInput(
            f"table {table} can be copied up to {latest.astimezone(UTC).isoformat()}, "
            "about five minutes ago",
            "take an earlier moment, or wait",
        )
    earliest = recovery.get("EarliestRestorableDateTime")
    # An emulator keeps no past: it copies what there is and says that its past begins now.
    if earliest and moment < earliest and aws.endpoint is None:
        raise BadInput(
            f"table {table} can be copied from {earliest.astimezone(UTC).isoformat()} on",
            "take a later moment",
        )


def make_copies(aws: Aws, plan: WriteBackPlan, progress: Progress) -> None:
    """Make the copies that are not there yet, side by side, and wait for all."""
    for each in plan.copies:
        if each.state == "none":
            make_copy(aws, each.table, each.copy, plan.moment)
            progress(f"DynamoDB is copying {each.table} to {each.copy}")
    for each in plan.copies:
        await_active(aws, each.copy)
        progress(f"{each.copy} is ready")


def write_back(aws: Aws, plan: WriteBackPlan, progress: Progress) -> dict[str, Counts]:
    """Make the copies and write their rows back; return what was written, by table."""
    make_copies(aws, plan, progress)
    written: dict[str, Counts] = {}
    for each in plan.copies:
        pair = Pair(each.table, each.copy, require_same_keys(aws, each.table, each.copy))
        progress(f"comparing {each.table} with {each.copy}")
        written[each.table] = write_rows(aws, pair, plan.choice)
    return written
