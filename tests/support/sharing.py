"""How several processes share the tests: `pytest -n 4 --dist loadscope`.

A file stays in one process, because its fixtures may be shared. Files in SPREAD share nothing that
costs much, so each of their tests goes where there is room. What takes long begins first, and what
waits (end to end) takes turns with what computes (simulation).
"""

from __future__ import annotations

from itertools import zip_longest

import pytest
from xdist.scheduler import LoadScopeScheduling

SPREAD = (
    "tests/e2e/test_deploy.py",
    "tests/e2e/test_deploy_adoption.py",
    "tests/e2e/test_deploy_adoption_failure.py",
    "tests/e2e/test_deploy_adoption_trouble.py",
    "tests/e2e/test_up.py",
    "tests/fuzz/test_fuzz.py",
    "tests/simulation/test_mutants.py",
    "tests/simulation/test_regressions.py",
)
WAITING = (
    "tests/e2e/test_faults.py",
    "tests/e2e/test_turns.py",
    "tests/e2e/test_answering.py",
    "tests/e2e/test_conversations.py",
    "tests/e2e/test_dlq.py",
    "tests/e2e/console/test_dead_letters.py",
    "tests/e2e/console/test_pages.py",
    "tests/e2e/test_person.py",
    "tests/e2e/test_restore.py",
    "tests/e2e/test_trace.py",
    "tests/e2e/test_wheel.py",
    *(file for file in SPREAD if "/e2e/" in file),
)
COMPUTING = (
    "tests/simulation/test_commands.py",
    "tests/simulation/test_histories.py",
    *(file for file in SPREAD if "/e2e/" not in file),
    "tests/unit/test_any_body.py",
    "benchmarks/tests/test_endurance.py",
)
FIRST = [name for pair in zip_longest(WAITING, COMPUTING) for name in pair if name]


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process whole files; of a file in SPREAD, single tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in SPREAD else file


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Put what takes long to the front."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(FIRST)))
