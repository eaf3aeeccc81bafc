"""The intake's benchmark measures what it says; how long that takes is for a quiet machine."""

import json

import pytest

from benchmarks import intake
from unc import project
from unc.cost_model import WEBHOOK


def test_it_measures_warm_requests_and_cold_starts() -> None:
    measured = intake.main(requests=3, cold_starts=1)
    assert measured.keys() >= {"warm", "cpu", "beside_sqs_at_256_mb", "cold_import", "goal"}
    assert measured["warm"]["p50"] >= intake.AWS_MILLISECONDS
    assert measured["warm"]["p50"] > measured["cpu"]["p50"] > 0


def test_the_tail_of_a_small_function_is_that_of_its_cpu() -> None:
    assert intake.Took(wall=60.0, cpu=1.0).beside_sqs == pytest.approx(6.91, abs=0.01)


def test_what_the_cost_model_goes_by_is_what_the_code_does() -> None:
    """`unc cost` goes by benchmarks/counts.json."""
    written = json.loads(project.COUNTS.read_text())[WEBHOOK]["ours"]
    counted = intake.counted(requests=3)
    assert counted.keys() == written.keys()
    assert counted["calls"] == written["calls"], "run: make bench"
