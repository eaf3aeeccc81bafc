"""The proof can fail: whatever rule is taken away from the core, the simulation notices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.history import Case, run_case
from tests.simulation.mutants import MOST_HISTORIES, MUTANTS, Mutant
from tests.simulation.settings import draw_settings
from tests.simulation.swap import Swap, swapped
from tests.support.memory.chance import Chance


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_broken_core_is_caught(mutant: Mutant) -> None:
    with swapped(mutant.swaps):
        assert any(violates(mutant.guarantee, seed) for seed in seeds_for(mutant))


def test_there_are_at_least_twelve_and_each_is_named_once() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12


def test_every_guarantee_has_a_mutant_that_breaks_it() -> None:
    held = {f"G{n}" for n in (*range(1, 8), 9)} | {"time"}
    assert {mutant.guarantee for mutant in MUTANTS} == held


def test_what_was_replaced_is_put_back() -> None:
    class Owner:
        word = "before"

    with swapped([Swap(Owner, "word", "within")]):
        within = Owner.word
    assert (within, Owner.word) == ("within", "before")


def seeds_for(mutant: Mutant) -> Iterator[int]:
    for seed in range(MOST_HISTORIES):
        settings = draw_settings(Chance(seed))
        if not mutant.needs_long_outage or any(each.is_long for each in settings.outages):
            yield seed


def violates(guarantee: str, seed: int) -> bool:
    violations = run_case(Case(seed)).ledger.violations
    return guarantee in {each.guarantee for each in violations}
