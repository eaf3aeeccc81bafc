"""Histories that once went wrong, made short, each with the mutant that it shows."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tests.simulation.history import Case


@dataclass(frozen=True, slots=True)
class Regression:
    """`arguments` stand behind `python -m tests.simulation.replay`; `mutant` names a Mutant."""

    mutant: str
    arguments: str

    @property
    def case(self) -> Case:
        seed, _, webhooks, _, faults = shlex.split(self.arguments)
        return Case(
            int(seed), frozenset(map(int, webhooks.split(","))), frozenset(faults.split(","))
        )


FOUND = [
    Regression(
        "a later message does not wait for an earlier one",
        "50 --webhooks 22,23,24,25 --faults conversations.write#6",
    ),
    Regression(
        "bad bodies are quarantined before the good ones are stored",
        "434 --webhooks 23,28,29 --faults outage#1",
    ),
    Regression(
        "storing leaves no time to quarantine",
        "138 --webhooks 16,17,20,22 --faults outage#0",
    ),
    Regression(
        "scheduling retries leaves no time to release claims",
        "1118 --webhooks 17,18,21,22,25,26,27,28,29,30,31,32,33 --faults outage#1,outage#2",
    ),
    Regression(
        "a POST that may be under way is not waited for before another",
        "316 --webhooks 25,26,28 --faults outage#3,outage#4,stream.again#1,stream.again#3",
    ),
    Regression(
        "a scheduled copy takes over any claim",
        "107 --webhooks 2,9,13 --faults outage#0,retry_queue.park#4",
    ),
    Regression(
        "the transactions of a large write share a moment",
        "1858 --webhooks 29,30,31,32,33 --faults conversations.write#5",
    ),
]
