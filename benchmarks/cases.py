"""The cases: which batch each round brings, and what has to be there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from benchmarks.events import queue_event, sender_id, stream_event

Event = dict[str, Any]

QUEUE = "queue"
STREAM = "stream"
BATCH = 10
STREAM_RECORDS = 100
STREAM_SENDERS = 50
ROUND_NUMBERS = 1000  # message numbers that a round has for itself
CASE_NUMBERS = 10_000_000


class Before(Enum):
    """What a target goes through, unmeasured, before the batch that counts."""

    NOTHING = "it comes as the rounds bring it"
    SAME = "the same batch: what is measured is a redelivery"
    ANOTHER = "another batch, just before: connections are open"
    PAUSE = "so long a pause that idle connections may have been closed"


@dataclass(frozen=True)
class Case:
    """One kind of batch, `rounds` times; `warm_rounds` go before them and do not count."""

    name: str
    title: str
    half: str
    messages: int
    senders: Callable[[int], list[str]]
    rounds: int
    before: Before = Before.NOTHING
    warm_rounds: int = 3

    def event(self, round_: int) -> Event:
        """Return the batch of a round."""
        first = list(CASES).index(self.name) * CASE_NUMBERS + (round_ + 1) * ROUND_NUMBERS
        if self.half == STREAM:
            return stream_event(self.senders(round_), self.messages, first)
        return queue_event(self.senders(round_), first)

    def seeded(self) -> list[str]:
        """Return the senders that have a session before the first round."""
        if self.name == "new":
            return []
        rounds = range(-1, self.rounds + self.warm_rounds + 2) if self.half == STREAM else [0]
        return sorted({sender for round_ in rounds for sender in self.senders(round_)})


def some(first: int, count: int) -> list[str]:
    """Return the ids of some senders."""
    return [sender_id(first + number) for number in range(count)]


CASES = {
    case.name: case
    for case in (
        Case("known", "10 known senders", QUEUE, BATCH, lambda _: some(100, BATCH), 60),
        Case("new", "10 new senders", QUEUE, BATCH, lambda r: some(10_000 + r * BATCH, BATCH), 60),
        Case("one", "1 sender x 10", QUEUE, BATCH, lambda _: some(200, 1) * BATCH, 60),
        Case("single", "1 known sender x 1", QUEUE, 1, lambda _: some(250, 1), 40),
        Case(
            "again",
            "a stored batch again",
            QUEUE,
            BATCH,
            lambda _: some(300, BATCH),
            40,
            Before.SAME,
        ),
        Case(
            "stream",
            "stream, 50 senders",
            STREAM,
            STREAM_RECORDS,
            lambda r: some(400_000 + r * STREAM_SENDERS, STREAM_SENDERS),
            6,
            Before.ANOTHER,
            1,
        ),
        Case("stream_single", "stream, 1 sender", STREAM, 1, lambda r: some(500_000 + r, 1), 15),
        Case(
            "stream_pause",
            "stream, 50 senders, after a pause",
            STREAM,
            STREAM_RECORDS,
            lambda r: some(600_000 + r * STREAM_SENDERS, STREAM_SENDERS),
            4,
            Before.PAUSE,
            1,
        ),
    )
}
