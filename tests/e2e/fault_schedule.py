"""How often things go wrong, and when.

Every operation has a deck of its own, shuffled by the seed and drawn from again and again: chance
decides when a fault is injected, never whether. A function's own deck comes before that of all. The
seed does not replay a run: two functions and their threads may ask in another order.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.faults import (
    APPLIED_500,
    BUSY,
    CONFLICT,
    DROPPED_AFTER,
    DROPPED_BEFORE,
    KILLED_AFTER,
    KILLED_BEFORE,
    KILLED_DURING,
    LONG_OUTAGE,
    NO_JSON,
    NOTHING,
    OUTAGE,
    OVER_LIMIT,
    QUEUE_THROTTLED,
    REPLY_ACCEPTED_504,
    REPLY_BUSY,
    REPLY_DOWN,
    REPLY_DOWN_FOR_A_WHILE,
    REPLY_FAILED,
    REPLY_GATEWAY_TIMEOUT,
    REPLY_REFUSES_SECRET,
    SERVER_ERROR,
    SLOW,
    SOME_FAILED,
    THROTTLED,
    UNPROCESSED,
    Fault,
)

# An outage of so many calls is over after that time, too: a single caller pauses longer each time.
LONGEST_OUTAGE_SECONDS = 20.0

QUEUE_FUNCTION = "queue function"
NOTIFIER = "notifier"


def deck(size: int, faults: Mapping[Fault, int]) -> list[Fault]:
    """A deck of so many cards: each fault so many times, and for the rest nothing happens."""
    cards = [fault for fault, times in faults.items() for _ in range(times)]
    return cards + [NOTHING] * (size - len(cards))


QUERIES = {
    SLOW: 2,
    SERVER_ERROR: 2,
    NO_JSON: 2,
    OVER_LIMIT: 4,
    DROPPED_BEFORE: 2,
    DROPPED_AFTER: 2,
    KILLED_BEFORE: 1,
    KILLED_DURING: 1,
}
READS = {
    SLOW: 2,
    SERVER_ERROR: 2,
    THROTTLED: 2,
    UNPROCESSED: 10,
    DROPPED_BEFORE: 2,
    DROPPED_AFTER: 2,
    KILLED_DURING: 1,
    KILLED_AFTER: 1,
}
TRANSACTIONS = {
    SLOW: 4,
    SERVER_ERROR: 4,
    NO_JSON: 2,
    OVER_LIMIT: 2,
    OUTAGE: 1,
    CONFLICT: 4,
    DROPPED_BEFORE: 4,
    DROPPED_AFTER: 6,
    APPLIED_500: 3,
    KILLED_BEFORE: 1,
    KILLED_DURING: 1,
    KILLED_AFTER: 1,
}
# A message or a claim that comes alone: the same harm, and a conflict has a name of its own.
SINGLES = {
    SLOW: 1,
    SERVER_ERROR: 1,
    NO_JSON: 1,
    THROTTLED: 1,
    BUSY: 1,
    DROPPED_BEFORE: 1,
    DROPPED_AFTER: 2,
    APPLIED_500: 1,
    KILLED_BEFORE: 1,
    KILLED_DURING: 1,
    KILLED_AFTER: 1,
}
SENDS = {
    SERVER_ERROR: 1,
    QUEUE_THROTTLED: 1,
    SOME_FAILED: 4,
    DROPPED_BEFORE: 1,
    DROPPED_AFTER: 1,
    KILLED_BEFORE: 1,
    KILLED_DURING: 1,
}
POSTS = {
    SLOW: 10,
    REPLY_FAILED: 6,
    REPLY_DOWN: 6,
    REPLY_DOWN_FOR_A_WHILE: 1,
    REPLY_BUSY: 4,
    REPLY_REFUSES_SECRET: 4,
    REPLY_GATEWAY_TIMEOUT: 6,
    REPLY_ACCEPTED_504: 6,
    DROPPED_BEFORE: 6,
    DROPPED_AFTER: 6,
    KILLED_BEFORE: 1,
    KILLED_DURING: 1,
    KILLED_AFTER: 1,
}
DECKS = {
    "Query": deck(600, QUERIES),
    # Calls end it, so the notifier's must not: a batch of the queue function has to fail.
    f"{QUEUE_FUNCTION} Query": deck(60, {LONG_OUTAGE: 1}),
    "BatchGetItem": deck(200, READS),
    "TransactWriteItems": deck(200, TRANSACTIONS),
    "PutItem": deck(40, SINGLES),
    "SendMessageBatch": deck(30, SENDS),
    "GetSecretValue": deck(8, {SERVER_ERROR: 1, THROTTLED: 1, DROPPED_AFTER: 1}),
    "POST": deck(300, POSTS),
}


@dataclass
class Outage:
    """A fault that lasts: for how many further calls, and until when (monotonic seconds)."""

    fault: Fault
    calls: int
    until: float

    def take(self, now: float) -> bool:
        """Whether the next call meets it."""
        self.calls -= 1
        return self.calls >= 0 and now < self.until


class FaultSchedule:
    """Draws faults for calls, by operation, until it is stopped; any thread may ask."""

    def __init__(
        self,
        seed: int,
        decks: Mapping[str, Sequence[Fault]] = DECKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seed = seed
        self._clock = clock
        self.counts: Counter[tuple[str, str]] = Counter()
        self._random = random.Random(seed)
        self._decks = decks
        self._piles: dict[str, list[Fault]] = {operation: [] for operation in decks}
        self._outages: dict[str, Outage] = {}
        self._lock = threading.Lock()
        self._is_over = False

    def draw(self, operation: str, function: str) -> Fault:
        """What happens to this call of a function."""
        with self._lock:
            if self._is_over:
                return NOTHING
            for name in (f"{function} {operation}", operation):
                fault = self._draw(name) if name in self._decks else NOTHING
                if fault is not NOTHING:
                    self.counts[name, fault.name] += 1
                    return fault
            return NOTHING

    def stop(self) -> None:
        """From now on inject nothing."""
        with self._lock:
            self._is_over = True

    def not_injected(self) -> set[tuple[str, str]]:
        """Faults that were not injected yet, by operation."""
        faults = {
            (name, fault.name)
            for name, cards in self._decks.items()
            for fault in cards
            if fault is not NOTHING
        }
        return faults - self.counts.keys()

    def _draw(self, name: str) -> Fault:
        """The next card of a deck; what lasts comes once a run."""
        outage, pile = self._outages.get(name), self._piles[name]
        if outage and outage.take(self._clock()):
            return outage.fault
        if not pile:
            cards = self._random.sample(self._decks[name], len(self._decks[name]))
            pile += [NOTHING if self._has_lasted(name, card) else card for card in cards]
        fault = pile.pop()
        if fault.lasts > 1:
            until = self._clock() + LONGEST_OUTAGE_SECONDS
            self._outages[name] = Outage(fault, fault.lasts - 1, until)
        return fault

    def _has_lasted(self, name: str, card: Fault) -> bool:
        return card.lasts > 1 and (name, card.name) in self.counts
