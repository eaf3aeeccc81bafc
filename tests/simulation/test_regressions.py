"""What was found once stays right."""

from __future__ import annotations

import pytest

from tests.simulation.history import run_case
from tests.simulation.mutants import MUTANTS
from tests.simulation.regressions import FOUND, Regression


@pytest.mark.parametrize("found", FOUND, ids=lambda each: each.mutant)
def test_a_found_history_holds_every_guarantee(found: Regression) -> None:
    assert run_case(found.case).ledger.violations == []


def test_each_regression_names_a_mutant() -> None:
    """A history that is changed by some other change may show no more what it showed; they do."""
    assert {each.mutant for each in FOUND} <= {each.name for each in MUTANTS}
