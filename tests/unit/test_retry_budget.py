"""How long a handler goes on trying; no clock but the test's own."""

import pytest

from consumer.retry_budget import BASE_SECONDS, LONGEST_PAUSE_SECONDS
from container import MARGIN_SECONDS, SCRIPT_SECONDS, Runtime
from tests.support.doubles import Context, Time


def test_pauses_double_up_to_the_longest() -> None:
    time = Time()
    budget = time.budget(100.0)
    while len(time.pauses) < 8:
        assert budget.pause()
    assert time.pauses[:3] == [2 * BASE_SECONDS, 4 * BASE_SECONDS, 8 * BASE_SECONDS]
    assert time.pauses[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_pause_is_a_random_part_of_the_longest(chance: float) -> None:
    time = Time(chance=chance)
    assert time.budget(100.0).pause()
    assert time.pauses == [chance * 2 * BASE_SECONDS]


def test_no_pause_eats_into_the_margin() -> None:
    time = Time()
    budget = time.budget(2.0)
    while budget.pause():
        pass
    assert time.now <= 101.0
    assert not budget.is_over


def test_patience_is_over_once_only_the_margin_is_left() -> None:
    time = Time()
    budget = time.budget(5.0, margin=2.0)
    before, time.now = budget.is_over, 103.0
    assert (before, budget.is_over) == (False, True)
    assert not budget.pause()
    assert time.pauses == []


@pytest.mark.parametrize(
    ("given", "kept_back"), [(90.0, 26.0), (52.0, 26.0), (20.0, 10.0), (4.0, 2.0), (1.0, 2.0)]
)
def test_whoever_is_given_little_keeps_back_no_more_than_half(
    given: float, kept_back: float
) -> None:
    time = Time()
    budget = time.budget(given, margin=6.0)
    assert budget.lasts(20.0) == (given > kept_back)
    time.now += given - kept_back
    assert not budget.lasts(20.0)
    time.now -= 0.01
    assert budget.lasts(20.0)


def test_many_failures_do_not_overflow_the_pause() -> None:
    time = Time(chance=0.0)
    budget = time.budget(5.0)
    assert all(budget.pause() for _ in range(2000))


@pytest.mark.parametrize(("context", "seconds"), [(Context(), 30.0), (None, SCRIPT_SECONDS)])
def test_an_invocation_ends_when_its_context_says_and_a_script_when_it_is_slow(
    context: object, seconds: float
) -> None:
    time = Time()
    budget = Runtime(monotonic=lambda: time.now, sleep=time.sleep).budget(context)
    assert budget.remaining() == seconds
    time.now += seconds - MARGIN_SECONDS
    assert budget.is_over
