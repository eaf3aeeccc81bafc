"""When the outside is down: for seconds, for minutes, now and then for a day."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.support.memory.fault_schedule import POST, Fault, Outage

PORTS = ("conversations", "dead_letters", "notifications", "retry_queue", "reply")
FAILURES = (Fault.THROTTLED, Fault.LOST, Fault.BROKEN)

LONG_OUTAGES = 0.004
LONG_OUTAGE_SECONDS = (30_000.0, 86_400.0, 90_000.0)


def draw_outages(pick: Random, begin: float, span: float) -> list[Outage]:
    """Stretches of time in which some ports fail at every call, often several at once."""
    outages = []
    for _ in range(pick.choice([0, 0, 1, 2])):
        start = begin + pick.random() * span
        end = start + pick.choice([5.0, 40.0, 300.0])
        for port in pick.sample(PORTS, pick.choice([1, 1, 2, 3])):
            kinds = POST[1:] if port == "reply" else FAILURES
            outages.append(Outage(port, start, end, pick.choice(kinds)))
    return outages


def draw_blackout(pick: Random, begin: float, span: float) -> list[Outage]:
    """Now and then minutes in which no POST and no retry succeeds, or no call at all."""
    if pick.random() >= 0.15:
        return []
    start = begin + pick.random() * span
    ports = pick.choice([("reply", "retry_queue"), PORTS])
    hangs = pick.choice([Fault.LOST, Fault.THROTTLED])
    return [
        Outage(port, start, start + 200.0, Fault.REFUSED if port == "reply" else hangs)
        for port in ports
    ]


def draw_long_outage(pick: Random, begin: float) -> Sequence[Outage]:
    """Hours without a table, a right, a queue or a free container; mostly none."""
    if pick.random() >= LONG_OUTAGES:
        return []
    end = begin + pick.choice(LONG_OUTAGE_SECONDS)
    return pick.choice(
        [
            [Outage("queue_function", begin, end, Fault.NOT_INVOKED)],
            [Outage("notifier", begin, end, Fault.NOT_INVOKED)],
            [Outage("conversations", begin, end, Fault.DENIED)],
            [Outage("conversations", begin, end, pick.choice(FAILURES))],
            [Outage("notifications", begin, end, Fault.LOST)],
            [Outage(port, begin, end, Fault.THROTTLED) for port in PORTS[:-1]],
        ]
    )
