"""How the system stands, at a glance: queues, tables, functions and what feeds them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from unc.aws.connection import describe
from unc.aws.queues import Depth, read_depth
from unc.aws.resources import Resources
from unc.aws.session import Aws

COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class FunctionState:
    """A function, and whether each of its sources delivers."""

    name: str
    state: str
    runtime: str
    memory_mb: int
    sources: dict[str, str]


@dataclass(frozen=True)
class Status:
    """Everything `unc status` shows."""

    where: str
    queues: dict[str, Depth]
    tables: dict[str, int]
    functions: list[FunctionState]

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def read_status(aws: Aws, resources: Resources) -> Status:
    """Ask everything at once."""
    with ThreadPoolExecutor(8) as pool:
        names = resources.queues()
        depths = pool.map(lambda url: read_depth(aws, url), names.values())
        counts = pool.map(lambda table: count_items(aws, table), resources.tables())
        functions = pool.map(lambda name: read_function(aws, name), resources.functions())
        return Status(
            describe(aws),
            dict(zip(names, depths, strict=True)),
            dict(zip(resources.tables(), counts, strict=True)),
            list(functions),
        )


def count_items(aws: Aws, table: str) -> int:
    """Count by reading on this machine; on AWS take its own count, six hours old at most."""
    if aws.endpoint is None:
        return aws.dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0)
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=table, Select="COUNT")
    total = 0
    for page in pages:
        total += page["Count"]
        if total > COUNT_LIMIT:
            break
    return total


def read_function(aws: Aws, name: str) -> FunctionState:
    """Read a function's state and its sources'."""
    found = aws.functions.get_function_configuration(FunctionName=name)
    mappings = aws.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return FunctionState(
        name,
        found.get("State", "Active"),
        found.get("Runtime", "?"),
        found.get("MemorySize", 0),
        {source_name(m.get("EventSourceArn", "")): m.get("State", "?") for m in mappings},
    )


def source_name(arn: str) -> str:
    """Name a source as a reader would: the queue, or the table whose stream it is."""
    return f"{arn.split('/')[1]} stream" if "/stream/" in arn else arn.rpartition(":")[2]


def render_status(status: Status) -> Iterator[Table]:
    """Yield one small table each for queues, tables and functions."""
    yield queue_table(status)
    yield item_table(status)
    yield function_table(status)


def queue_table(status: Status) -> Table:
    """Show what waits where; anything among dead letters is red."""
    table = small_table("queue", "waiting", "in flight", "not due yet")
    for name, depth in status.queues.items():
        alarming = ("dead" in name or "failures" in name) and depth.waiting
        waiting = f"[red]{depth.waiting}[/red]" if alarming else str(depth.waiting)
        table.add_row(name, waiting, str(depth.in_flight), str(depth.delayed))
    return table


def item_table(status: Status) -> Table:
    """Show how much is kept."""
    table = small_table("table", "items")
    for name, count in status.tables.items():
        table.add_row(name, f"over {COUNT_LIMIT}" if count > COUNT_LIMIT else str(count))
    return table


def function_table(status: Status) -> Table:
    """Show the functions and what feeds them."""
    table = small_table("function", "state", "runtime", "memory", "fed by", right=())
    for one in status.functions:
        fed = ", ".join(f"{name} ({state.lower()})" for name, state in one.sources.items())
        table.add_row(one.name, one.state.lower(), one.runtime, f"{one.memory_mb} MB", fed or "-")
    return table


def small_table(first: str, *others: str, right: tuple[str, ...] | None = None) -> Table:
    """Return a table without a frame; columns after the first are numbers unless said otherwise."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right" if right is None or name in right else "left")
    return table
