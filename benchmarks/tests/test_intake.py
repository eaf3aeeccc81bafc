"""The intake's benchmark measures what it says; how long that takes is for a quiet machine."""

from benchmarks import intake


def test_it_measures_warm_requests_and_cold_starts() -> None:
    measured = intake.main(requests=3, cold_starts=1)
    assert measured.keys() >= {"warm", "cold_import", "cold_first_request", "goal"}
    assert measured["warm"]["p50"] >= intake.AWS_MILLISECONDS
