"""What a backend was asked to do: calls, connections, units."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """Totals since the start; `read_units` and `write_units` by table or `table/index`."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    posts: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "calls": dict(self.calls),
            "read_units": dict(self.read_units),
            "write_units": dict(self.write_units),
            "connections": self.connections,
            "posts": self.posts,
        }

    @staticmethod
    def read(values: dict[str, Any]) -> Counts:
        """Read what as_json gave."""
        counters = {name: Counter(values[name]) for name in ("calls", "read_units", "write_units")}
        return Counts(**counters, connections=values["connections"], posts=values["posts"])

    def minus(self, earlier: Counts) -> Counts:
        """Return what was added since `earlier`."""
        return Counts(
            self.calls - earlier.calls,
            self.read_units - earlier.read_units,
            self.write_units - earlier.write_units,
            self.connections - earlier.connections,
            self.posts - earlier.posts,
        )

    @property
    def aws_calls(self) -> int:
        """All calls but those to the reply service."""
        return self.calls.total()
