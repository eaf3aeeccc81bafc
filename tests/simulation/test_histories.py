"""G1 to G7 and G9 hold in hundreds of histories, each with its own faults.

`python -m tests.simulation.soak` runs as many as you like.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import pytest

from tests.simulation.history import Case, History, run_case
from tests.simulation.replay import command, describe
from tests.simulation.shrink import shrink
from tests.support.memory.fault_schedule import Fault

SEEDS = range(400)

Lived = Mapping[int, History]


@pytest.fixture(scope="module")
def lived() -> Lived:
    return {seed: run_case(Case(seed)) for seed in SEEDS}


@pytest.mark.parametrize("guarantee", [*(f"G{n}" for n in (*range(1, 8), 9)), "time"])
def test_a_guarantee_holds_in_every_history(lived: Lived, guarantee: str) -> None:
    seeds = violating(lived)[guarantee]
    assert not seeds, how_to_see(seeds)


def test_a_history_has_thirty_messages_at_least(lived: Lived) -> None:
    assert min(len(history.webhooks) for history in lived.values()) >= 30


def test_many_histories_begin_with_twilio_at_the_intake(lived: Lived) -> None:
    """With webhooks twice, tried again, by the fallback, in vain, and receipts that share a Sid."""
    through = [history.twilio for history in lived.values() if history.is_through_intake]
    assert len(through) > 50
    seen = Counter[str]()
    for twilio in through:
        seen += twilio.counts
    expected = {"200", "503", "died", "retried", "fallback", "given up", "repetition", "receipt"}
    assert expected <= set(+seen)


def test_every_kind_of_fault_is_injected(lived: Lived) -> None:
    injected = Counter(s.fault for history in lived.values() for s in history.faults.injected)
    assert set(injected) == set(Fault)


def test_the_documented_limits_leave_most_messages_to_their_guarantee(lived: Lived) -> None:
    stored = sum(len(history.ledger.stored) for history in lived.values())
    notified = sum(
        history.ledger.is_answered(key)
        for history in lived.values()
        for key in history.ledger.stored
    )
    assert notified > 0.8 * stored


def test_some_posts_come_before_the_index_shows_their_message(lived: Lived) -> None:
    """Most do not: the stream takes its time, too."""
    counts = sum((history.ledger.counts for history in lived.values()), Counter[str]())
    assert 0 < counts["posts before the index showed the message"] < counts["posts"] / 2


def test_the_same_seed_gives_the_same_history() -> None:
    assert describe(Case(7)) == describe(Case(7))


def test_another_seed_gives_another_history() -> None:
    assert describe(Case(7)) != describe(Case(8))


def test_a_shortened_history_is_replayed_by_the_command_that_is_printed() -> None:
    case = Case(7, frozenset({1, 2}), frozenset({"outage#0"}))
    assert command(case) == (
        "python -m tests.simulation.replay 7 --webhooks 1,2 --faults 'outage#0'"
    )


def violating(lived: Lived) -> Mapping[str, Sequence[int]]:
    """The seeds that violate a guarantee, by guarantee."""
    seeds: defaultdict[str, list[int]] = defaultdict(list)
    for seed, history in lived.items():
        for guarantee in {each.guarantee for each in history.ledger.violations}:
            seeds[guarantee].append(seed)
    return seeds


def how_to_see(seeds: Sequence[int]) -> str:
    """The first failing history, made short, and how to replay it."""
    if not seeds:
        return ""
    short = shrink(Case(seeds[0]))
    lines, _ = describe(short)
    return "\n".join([f"{len(seeds)} seeds: {seeds[:10]}", *lines, command(short)])
