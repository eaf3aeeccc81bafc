"""What a page is made of: the call, the model and its template, or where to go next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from unc.aws.resources import Resources
from unc.aws.session import Aws, is_loopback
from unc.aws.tables import Tables
from unc.console.guard import Keys
from unc.console.jobs import Jobs

Model = dict[str, Any]


@dataclass
class Console:
    """Which stack the pages show, and what one run of the console remembers."""

    aws: Aws
    resources: Resources
    keys: Keys
    jobs: Jobs = field(default_factory=Jobs)

    @cached_property
    def tables(self) -> Tables:
        """Reads over the stack's tables."""
        return Tables(self.aws, self.resources)

    @property
    def is_local(self) -> bool:
        """Say whether the stack runs on this machine."""
        return self.aws.endpoint is not None and is_loopback(self.aws.endpoint)


@dataclass(frozen=True)
class Call:
    """One request: the parts of its path, its query and its form."""

    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A model and the template that shows it; the JSON twin is the model."""

    template: str
    title: str
    model: Model
    status: int = 200


@dataclass(frozen=True)
class GoTo:
    """The address to go on at, after a change."""

    address: str


Handler = Callable[[Console, Call], Page | GoTo]
