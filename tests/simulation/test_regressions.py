"""What was found once stays right, and would be found again."""

from __future__ import annotations

import pytest

from tests.simulation.history import run_case
from tests.simulation.regressions import FOUND, Found
from tests.simulation.swap import swapped
from tests.simulation.variants import VARIANTS

by_variant = pytest.mark.parametrize("found", FOUND, ids=lambda each: each.variant)


@by_variant
def test_a_found_history_holds_every_guarantee(found: Found) -> None:
    assert run_case(found.case).ledger.violations == []


@by_variant
def test_a_found_history_goes_wrong_where_the_rule_is_missing(found: Found) -> None:
    [variant] = [each for each in VARIANTS if each.name == found.variant]
    with swapped(variant.swaps):
        violations = run_case(found.case).ledger.violations
    assert variant.guarantee in {each.guarantee for each in violations}
