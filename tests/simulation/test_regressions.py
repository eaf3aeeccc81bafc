"""What was found once stays right."""

from __future__ import annotations

import pytest

from tests.simulation.history import run_case
from tests.simulation.regressions import FOUND, ReadResult
from tests.simulation.variants import VARIANTS


@pytest.mark.parametrize("found", FOUND, ids=lambda each: each.variant)
def test_a_found_history_holds_every_guarantee(found: ReadResult) -> None:
    assert run_case(found.case).ledger.violations == []


def test_what_was_found_is_told_by_a_broken_core() -> None:
    """A history that is changed by some other change may show no more what it showed; they do."""
    assert {each.variant for each in FOUND} <= {each.name for each in VARIANTS}
