"""Makes a failing history short: leaves out what is not needed for it to fail.

What is left out are webhooks and faults, halves first and then ever smaller parts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.history import Case, run_case

T = TypeVar("T", bound=Hashable)

MOST_TRIES = 1500


def shrink(case: Case) -> Case:
    """The shortest case found that violates one of the same guarantees."""
    history = run_case(case)
    wanted = {each.guarantee for each in history.ledger.violations}
    short = replace(
        case,
        webhooks=frozenset(each.number for each in history.webhooks),
        faults=frozenset(each.name for each in history.faults.injected),
    )
    tries = _Tries(wanted)
    size = -1
    while _size(short) != size and not tries.are_used_up:
        size = _size(short)
        short = _with_fewer_webhooks(_with_fewer_faults(short, tries), tries)
    return short


def _with_fewer_faults(case: Case, tries: _Tries) -> Case:
    def fails(faults: frozenset[str]) -> bool:
        return tries.fails(replace(case, faults=faults))

    return replace(case, faults=_minimal(sorted(case.faults or ()), fails))


def _with_fewer_webhooks(case: Case, tries: _Tries) -> Case:
    def fails(webhooks: frozenset[int]) -> bool:
        return tries.fails(replace(case, webhooks=webhooks))

    return replace(case, webhooks=_minimal(sorted(case.webhooks or ()), fails))


class _Tries:
    """Runs cases and counts; a case that breaks the simulation itself does not count as failing."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._count = 0

    @property
    def are_used_up(self) -> bool:
        return self._count >= MOST_TRIES

    def fails(self, case: Case) -> bool:
        if self.are_used_up:
            return False
        self._count += 1
        violations = run_case(case).ledger.violations
        return bool(self._wanted & {each.guarantee for each in violations})


def _size(case: Case) -> int:
    return len(case.webhooks or ()) + len(case.faults or ())


def _minimal(parts: Sequence[T], fails: Callable[[frozenset[T]], bool]) -> frozenset[T]:
    """Leave out parts, in runs that get shorter, as long as what is kept still fails."""
    kept = list(parts)
    length = len(kept)
    while length >= 1:
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + length :]
            if fails(frozenset(rest)):
                kept = rest
            else:
                start += length
        length //= 2
    return frozenset(kept)
