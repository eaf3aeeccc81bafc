"""The one place where code is replaced: only to prove that the simulation would notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Swap:
    """`owner`, a module or a class, gets `replacement` under a name that it has."""

    owner: Any
    name: str
    replacement: Any


@contextmanager
def swapped(swaps: Sequence[Swap]) -> Iterator[None]:
    """Replace for as long as the block lasts."""
    with ExitStack() as originals:
        for swap in swaps:
            originals.callback(setattr, swap.owner, swap.name, vars(swap.owner)[swap.name])
            setattr(swap.owner, swap.name, swap.replacement)
        yield
