"""Where DynamoDB's partitions set the limit: messages offered a second against messages stored.

A partition takes 1,000 write units a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
An index that cannot follow throttles writes to its table:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
DynamoDB splits a partition that is hot between its keys. It cannot split a single key whose sort
key only rises, as `created_at` does: all writes go to the end of the range.

    python -m benchmarks.partitions
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

PARTITION_UNITS = 1000
SECONDS = 20
# One message of the model stands for so many; limits shrink alike. What it shows stays the same.
SCALE = 100

FEW_VALUES = ("ChatTypeIndex", "StatusIndex")
CHAT_INDEXES = ("ChatTypeIndex", "SenderTimeIndex", "SessionIndex")
SESSION_INDEXES = ("SenderSessionsIndex", "StatusIndex")


@dataclass
class Place:
    """A table or an index: how its writes spread, and what each takes.

    `key` gives the hash key of a sender's message. `partitions`: as many as the throughput that
    it is warmed for needs.
    """

    name: str
    units: int
    partitions: int
    key: Callable[[int], int]
    used: dict[int, int] = field(default_factory=dict)

    def has_room(self, sender: int, units_a_second: float) -> bool:
        """Say whether the partition of this sender takes another write in this second."""
        partition = self.key(sender) % self.partitions
        return self.used.get(partition, 0) + self.units <= units_a_second

    def take(self, sender: int) -> None:
        """Write."""
        partition = self.key(sender) % self.partitions
        self.used[partition] = self.used.get(partition, 0) + self.units


@dataclass(frozen=True)
class Offer:
    """Messages a second, evenly from so many senders but for the share of a single hot one."""

    rate: int
    senders: int
    hot_share: float = 0.0


def chat_places(rate: int, indexes: Sequence[str] = CHAT_INDEXES) -> list[Place]:
    """Return `chats` and its indexes, warmed for so many messages a second."""
    return places("chats", rate, indexes)


def session_places(rate: int, indexes: Sequence[str] = SESSION_INDEXES) -> list[Place]:
    """Return `sessions` and its indexes, warmed for so many new sessions a second."""
    return places("sessions", rate, indexes)


def places(table: str, rate: int, indexes: Sequence[str]) -> list[Place]:
    """Return a table and its indexes, warmed for the rate: half as many partitions again."""

    def spread(units: int) -> int:
        return max(4, -(-rate * units * 3 // (2 * PARTITION_UNITS)))  # a new table has four

    found = [Place(table, 2, spread(2), scatter)]  # a transaction doubles the table's writes
    for name in indexes:
        if name in FEW_VALUES:
            found.append(Place(name, 1, 1, lambda sender: 0))
        else:
            found.append(Place(name, 1, spread(1), scatter))
    return found


def scatter(sender: int) -> int:
    """Hash a key as evenly as DynamoDB would."""
    return random.Random(sender).getrandbits(32)


def simulate(offer: Offer, places: Sequence[Place], seed: int = 1) -> float:
    """Return messages stored a second, in the mean of the run; throttled ones come again first."""
    chance = random.Random(seed)
    waiting: list[int] = []
    stored = 0
    for _ in range(SECONDS):
        waiting += [pick(offer, chance) for _ in range(offer.rate // SCALE)]
        left = list(store_second(waiting, places))
        stored += len(waiting) - len(left)
        waiting = left
    return stored * SCALE / SECONDS


def pick(offer: Offer, chance: random.Random) -> int:
    """Choose who writes; sender 0 is the hot one."""
    if chance.random() < offer.hot_share:
        return 0
    return chance.randrange(1, offer.senders + 1)


def store_second(waiting: Sequence[int], places: Sequence[Place]) -> Iterator[int]:
    """Store what all places take within a second; yield the messages that have to wait."""
    for place in places:
        place.used.clear()
    for sender in waiting:
        if all(place.has_room(sender, PARTITION_UNITS / SCALE) for place in places):
            for place in places:
                place.take(sender)
        else:
            yield sender


def queue_rate(groups: int, batch_seconds: float, concurrency: int, batch: int = 10) -> float:
    """Return messages a second off the queue: a message group has one batch under way at a time."""
    return min(groups, concurrency) * batch / batch_seconds


def stream_rate(shards: int, factor: int, records: int, reply_seconds: float) -> float:
    """Return records a second off the stream: a batch lasts as long as its slowest reply."""
    window_seconds = 3.0  # passes only while a batch is not full; counted, to be safe
    return shards * factor * records / (reply_seconds + window_seconds)


RATES = (100, 500, 1_000, 2_000, 10_000, 100_000)
WITHOUT = tuple(name for name in CHAT_INDEXES if name not in FEW_VALUES)
SESSIONS_WITHOUT = tuple(name for name in SESSION_INDEXES if name not in FEW_VALUES)


def partition_table() -> str:
    """What is stored of what is offered, with and without the indexes of few values."""
    lines = [
        "| offered a second | messages stored, all indexes | without ChatTypeIndex "
        "| without it, a tenth from one sender | new sessions stored, all indexes "
        "| without StatusIndex |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for rate in RATES:
        cells = " | ".join(f"{value:,.0f}" for value in stored_of(rate))
        lines.append(f"| {rate:,} | {cells} |")
    return "\n".join(lines)


def stored_of(rate: int) -> tuple[float, ...]:
    """What is stored of a rate, in the order of the table's columns."""
    even, hot = Offer(rate, 1_000_000), Offer(rate, 1_000_000, hot_share=0.1)
    return (
        simulate(even, chat_places(rate)),
        simulate(even, chat_places(rate, WITHOUT)),
        simulate(hot, chat_places(rate, WITHOUT)),
        simulate(even, session_places(rate)),
        simulate(even, session_places(rate, SESSIONS_WITHOUT)),
    )


if __name__ == "__main__":
    print(partition_table())
