"""The commands: what they print, and what their exit codes say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import replay, soak
from tests.simulation.history import Case, run_case
from tests.simulation.mutants import MOST_HISTORIES, MUTANTS
from tests.simulation.settings import MESSAGES
from tests.simulation.shrink import shrink
from tests.simulation.swap import swapped

ROOT = Path(__file__).resolve().parents[2]
[BROKEN] = [
    each for each in MUTANTS if each.name == "an unknown outcome is sent again without a look"
]


def test_a_replay_prints_the_history_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main(["7"]) == 0
    printed = capsys.readouterr()
    assert "is queued as queue-000001" in printed.out
    assert printed.err == "0 violation(s)\n"


def test_a_replay_of_a_violation_shows_it_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with swapped(BROKEN.swaps):
        assert replay.main([str(failing_seed())]) == 1
    assert f"VIOLATION {BROKEN.guarantee}: " in capsys.readouterr().out


def test_the_same_seed_prints_the_same_in_any_process() -> None:
    assert _replayed("7", "1") == _replayed("7", "2")


def test_a_soak_sums_up_what_its_histories_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--histories", "60", "--workers", "2", "--first-seed", "5"]) == 0
    printed = capsys.readouterr().out
    assert "seeds 5 to 64" in printed
    assert f"violations{0:>22}" in printed


def test_a_failing_history_is_made_short(capsys: pytest.CaptureFixture[str]) -> None:
    with swapped(BROKEN.swaps):
        seed = failing_seed()
        short = shrink(Case(seed))
        soak.print_shortest(seed)
    assert len(short.webhooks or ()) < MESSAGES
    assert f"replay: {replay.command(short)}" in capsys.readouterr().out


def failing_seed() -> int:
    return next(seed for seed in range(MOST_HISTORIES) if run_case(Case(seed)).ledger.violations)


def _replayed(seed: str, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.replay", seed],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
