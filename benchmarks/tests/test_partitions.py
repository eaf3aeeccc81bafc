"""The simulation of partition limits, and the page that shows it."""

from __future__ import annotations

import re

import pytest

from benchmarks.partitions import (
    CHAT_INDEXES,
    SCALE,
    SESSION_INDEXES,
    SESSIONS_WITHOUT,
    WITHOUT,
    Offer,
    chat_places,
    partition_table,
    queue_rate,
    session_places,
    simulate,
    stream_rate,
)
from tests.guards.repository import ROOT

PAGE = ROOT / "docs" / "scaling.md"
MANY = 1_000_000


def stored(rate: int, indexes: tuple[str, ...] = CHAT_INDEXES, hot_share: float = 0.0) -> float:
    return simulate(Offer(rate, MANY, hot_share), chat_places(rate, indexes))


def opened(rate: int, indexes: tuple[str, ...] = SESSION_INDEXES) -> float:
    return simulate(Offer(rate, MANY), session_places(rate, indexes))


def test_below_every_limit_all_is_stored() -> None:
    assert stored(500) == 500


@pytest.mark.parametrize("rate", [2_000, 10_000, 50_000])
def test_an_index_of_one_value_stops_at_one_partition(rate: int) -> None:
    assert stored(rate) == 1_000


@pytest.mark.parametrize("rate", [2_000, 10_000, 50_000])
def test_without_it_writes_follow_the_senders(rate: int) -> None:
    assert stored(rate, WITHOUT) > 0.95 * rate


@pytest.mark.parametrize("rate", [500, 2_000, 10_000])
def test_so_does_the_index_of_a_session_s_status(rate: int) -> None:
    assert opened(rate) == min(rate, 1_000)
    assert opened(rate, SESSIONS_WITHOUT) > 0.95 * rate


def test_one_sender_alone_stops_at_half_a_partition() -> None:
    """A transaction takes two units of the thousand that a key has."""
    assert stored(2_000, WITHOUT, hot_share=1.0) == 500


def test_a_hot_sender_holds_up_nobody_else() -> None:
    assert stored(10_000, WITHOUT, hot_share=0.5) > 0.95 * (5_000 + 500)


def test_the_same_seed_gives_the_same_run() -> None:
    assert stored(2_000) == stored(2_000)


def test_nothing_is_stored_that_was_not_offered() -> None:
    assert stored(SCALE) <= SCALE


def test_a_message_group_has_one_batch_under_way() -> None:
    assert queue_rate(groups=1, batch_seconds=0.05, concurrency=50) == pytest.approx(200)
    assert queue_rate(groups=1000, batch_seconds=0.05, concurrency=50) == pytest.approx(10_000)


def test_a_lane_of_the_stream_waits_for_the_slowest_reply() -> None:
    assert stream_rate(shards=1, factor=1, records=100, reply_seconds=5) == 12.5
    assert stream_rate(shards=4, factor=10, records=100, reply_seconds=5) == 500


def test_the_page_shows_what_the_simulation_says() -> None:
    """Run `python -m benchmarks.partitions` and put its table between the marks."""
    assert f"<!-- partitions: begin -->\n{partition_table()}\n<!--" in PAGE.read_text()


def test_every_parameter_that_the_page_names_exists() -> None:
    template = (ROOT / "infra" / "template.yaml").read_text()
    parameters = set(re.findall(r"^  ([A-Z][A-Za-z]+):$", template, re.MULTILINE))
    words = r"`((?:Queue|Stream|Reply|Dynamo|Retry)[A-Z][A-Za-z]+)`"
    assert set(re.findall(words, PAGE.read_text())) <= parameters
