"""A table that is gone comes back from its newest backup, under its old name and whole.

Nothing is stored meanwhile: the queue's event source is off until the end, so no message is written
before the table has its stream. Rows that come back write no stream records, so nobody is notified
about them. A run that was cut off is repeated from the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from unc.aws.mappings import switch
from unc.aws.session import Aws
from unc.deploy.stack_events import Progress
from unc.deploy.stack_state import require_whole, settle_stack
from unc.errors import UncError
from unc.restore import event_sources
from unc.restore.copies import await_active, find_backup, is_active, read_table, restore_backup
from unc.restore.settings import read_settings, switch_on, wanted_settings
from unc.takeover.boundary import kept_boundary
from unc.takeover.drain import stop_storing
from unc.takeover.inventory import TABLE, name_resources
from unc.takeover.rollback import left_for_another_run


@dataclass(frozen=True)
class TableState:
    """A table of the stack; `state` is there, in progress or gone, `lacks` what is off."""

    resource: str
    name: str
    state: str
    lacks: Sequence[str] = ()
    backup: str = ""
    backup_made: datetime | None = None


@dataclass(frozen=True)
class BringBackPlan:
    """The stack's tables, and whether its event source reads the stream that the chats have."""

    stack: str
    queue: str
    tables: Sequence[TableState]
    reads_stream: bool

    @property
    def is_whole(self) -> bool:
        """Say whether there is nothing to do."""
        return self.reads_stream and all(t.state == "there" and not t.lacks for t in self.tables)


def plan_bring_back(aws: Aws, stack: str, progress: Progress) -> BringBackPlan:
    """Look at tables, settings and event sources; changes nothing.

    Raises UncError for a table without a backup, and while a takeover is unfinished.
    """
    require_whole(aws, stack, progress)
    parameters = event_sources.read_parameters(aws, stack)
    if not parameters:
        raise UncError(f"there is no stack {stack}", "another name? set UNC_STACK")
    if kept_boundary(aws, stack) is not None:
        raise UncError("a takeover is not finished", "finish it first: unc deploy")
    named = {one.resource: one for one in name_resources(parameters)}
    tables = [
        _look_at(aws, one.resource, one.name, parameters)
        for one in named.values()
        if one.type == TABLE
    ]
    reads = event_sources.reads_stream(aws, stack, _stream_of(aws, named["ChatTable"].name))
    return BringBackPlan(stack, named["Queue"].name, tables, reads)


def _look_at(aws: Aws, resource: str, name: str, parameters: Mapping[str, str]) -> TableState:
    """Find out what a table needs."""
    if read_table(aws, name) is None:
        backup = find_backup(aws, name)
        arn, made = backup.get("BackupArn", ""), backup.get("BackupCreationDateTime")
        return TableState(resource, name, "gone", backup=arn, backup_made=made)
    if not is_active(aws, name):
        return TableState(resource, name, "in progress")
    lacks = read_settings(aws, name).lacks(wanted_settings(resource, parameters))
    return TableState(resource, name, "there", lacks)


def _stream_of(aws: Aws, table: str) -> str | None:
    """Return the ARN of a table's stream; None without a table, or while it has none."""
    found = read_table(aws, table) or {}
    is_on = found.get("StreamSpecification", {}).get("StreamEnabled")
    return found.get("LatestStreamArn") if is_on else None


def bring_back(aws: Aws, plan: BringBackPlan, progress: Progress) -> None:
    """Do it all; raises DeployFailed for what does not come to its end."""
    settle_stack(aws, plan.stack, progress)
    with (
        left_for_another_run(progress, KeyboardInterrupt),
        left_for_another_run(progress, Exception),
    ):
        stop_storing(aws, event_sources.queue_sources(aws, plan.stack), plan.queue, progress)
        _restore_tables(aws, plan, progress)
        _set_up_tables(aws, plan, progress)
        _read_again(aws, plan, progress)


def _restore_tables(aws: Aws, plan: BringBackPlan, progress: Progress) -> None:
    """Let DynamoDB make the tables that are gone, side by side."""
    for table in plan.tables:
        if table.state == "gone":
            restore_backup(aws, table.name, table.backup)
            progress(f"DynamoDB is bringing {table.name} back")
    for table in plan.tables:
        await_active(aws, table.name)


def _set_up_tables(aws: Aws, plan: BringBackPlan, progress: Progress) -> None:
    """Switch on what DynamoDB leaves out."""
    parameters = event_sources.read_parameters(aws, plan.stack)
    tags = event_sources.read_tags(aws, plan.stack)
    for table in plan.tables:
        wanted = wanted_settings(table.resource, parameters)
        for setting in switch_on(aws, table.name, wanted, tags):
            progress(f"{table.name}: {setting} is on")


def _read_again(aws: Aws, plan: BringBackPlan, progress: Progress) -> None:
    """Let the queue and the stream that there is now be read, unless the stack is paused."""
    chats = next(table.name for table in plan.tables if table.resource == "ChatTable")
    if not event_sources.reads_stream(aws, plan.stack, _stream_of(aws, chats)):
        event_sources.attach_anew(aws, plan.stack, progress)
    if event_sources.read_parameters(aws, plan.stack).get("Paused") == "true":
        progress("the stack is paused, and stays so")
        return
    switch(aws, event_sources.queue_sources(aws, plan.stack), on=True)
    event_sources.await_reading(aws, plan.stack)
