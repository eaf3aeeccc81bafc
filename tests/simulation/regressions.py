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
        "the transactions of a large write share a moment",
        "1858 --webhooks 29,30,31,32,33 --faults conversations.write#5",
    ),
    Regression(
        "absence is believed of an index",
        "170 --webhooks 2,3,5,6,7,9,17,18,19,20,21,23,24,25,26,27,28,29"
        " --faults outage#0,outage#3,reply.post#3",
    ),
    Regression(
        "a wake-up is acknowledged before its successor is sent",
        "63 --webhooks 31,32 --faults outage#2,outage#3",
    ),
    Regression(
        "a failed turn is handed over without delay",
        "85 --webhooks 26 --faults outage#2",
    ),
    Regression(
        "the evidence is looked at too early",
        "71 --webhooks 17,21,29 --faults outage#4",
    ),
]
