"""Histories that once went wrong, made short; what each one showed stands beside it."""

from __future__ import annotations

import shlex

from tests.simulation.history import Case

FOUND = {
    "after a refusal a later message passed an earlier, throttled one": (
        "215 --webhooks 0,1,2,3,4,5,6,7,8 --faults conversations.write#9,queue.delete#5"
    ),
    "after a refusal a message went to a session that the invocation had seen completed": (
        "726 --webhooks 6,7,8,9 --faults deeds.at_any_moment#3"
    ),
    "a dead-letter queue that was down took the time of the good messages": (
        "119 --webhooks 13,14,15 --faults dead_letters.send#1,dead_letters.send#2,outage#1"
    ),
    "a table that hung left the last receive to SQS, which says no reason": (
        "168 --webhooks 32 --faults outage#0"
    ),
    "a claim was not given back because parking had used up the time": (
        "1118 --webhooks 17,18,21,22,25,26,27,28,29,30,31,32,33 --faults outage#1,outage#2"
    ),
}


def case_of(arguments: str) -> Case:
    """Read what stands behind `python -m tests.simulation.replay`."""
    seed, _, webhooks, _, faults = shlex.split(arguments)
    return Case(int(seed), frozenset(map(int, webhooks.split(","))), frozenset(faults.split(",")))
