"""What was found once stays right."""

from __future__ import annotations

import pytest

from tests.simulation.history import run_case
from tests.simulation.regressions import FOUND, case_of


@pytest.mark.parametrize("what", FOUND)
def test_a_found_history_holds_every_guarantee(what: str) -> None:
    history = run_case(case_of(FOUND[what]))
    assert history.ledger.violations == []
