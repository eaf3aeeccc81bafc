"""The state of the system: queues, tables, functions and their event sources."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from unc.aws.connection import describe
from unc.aws.queues import Depth, read_depth
from unc.aws.resources import Resources
from unc.aws.session import Aws


@dataclass(frozen=True)
class _FunctionState:
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
    functions: list[_FunctionState]

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def read_status(aws: Aws, resources: Resources) -> Status:
    """Ask everything at once."""
    with ThreadPoolExecutor(8) as pool:
        names = resources.queues()
        depths = pool.map(lambda url: read_depth(aws, url), names.values())
        counts = pool.map(lambda table: _count_items(aws, table), resources.tables())
        functions = pool.map(lambda name: _read_function(aws, name), resources.functions())
        return Status(
            describe(aws),
            dict(zip(names, depths, strict=True)),
            dict(zip(resources.tables(), counts, strict=True)),
            list(functions),
        )


def _count_items(aws: Aws, table: str) -> int:
    """Return the table's own count: on AWS it is six hours old at most."""
    return aws.dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0)


def _read_function(aws: Aws, name: str) -> _FunctionState:
    """Read a function's state and its sources'."""
    found = aws.functions.get_function_configuration(FunctionName=name)
    mappings = aws.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return _FunctionState(
        name,
        found.get("State", "Active"),
        found.get("Runtime", "?"),
        found.get("MemorySize", 0),
        {_source_name(m.get("EventSourceArn", "")): m.get("State", "?") for m in mappings},
    )


def _source_name(arn: str) -> str:
    """Name a source as a reader would: the queue, or the table whose stream it is."""
    return f"{arn.split('/')[1]} stream" if "/stream/" in arn else arn.rpartition(":")[2]
