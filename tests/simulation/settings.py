"""What one history is like, drawn from its seed: some calm, some stormy, no two alike.

Each history has only some of the faults and some of the places where they fall, so
that rare combinations are not drowned by the common ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from consumer.notification.state import CLOCK_ALLOWANCE_SECONDS
from consumer.notification.step import ResendUnknown
from tests.simulation.outages import (
    PORTS,
    draw_blackout,
    draw_long_outage,
    draw_outages,
)
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import (
    DEATH,
    DEEDS,
    PART,
    POST,
    RIGHTS,
    TRACES,
    WRITE,
    Fault,
    Outage,
)

MESSAGES = 30
# Now and then as many senders as a stream batch holds, and more calls than fit into one.
CROWD = 120
CROWDS = 0.02

START = 1_790_000_000.0
DEPLOYED_RECEIVES = 1000  # as in infra/template.yaml
FEW_RECEIVES = (2, 5)

# Two clocks are then five seconds apart, which G9 allows for.
LARGEST_SKEW = CLOCK_ALLOWANCE_SECONDS / 2

RATES = (0.0, 0.0, 0.01, 0.05, 0.15, 0.4)


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, `rates` as chances by port.

    How far a container's clock may be off either way: `skew` of those that store, whose moments
    order the messages, `notifier_skew` of those that notify.
    """

    messages: int
    senders: int
    grouping: str
    spacing: float
    most_receives: int
    visibility: float
    concurrency: int
    returns_at_once: bool
    stream_lanes: int
    stream_delay: float
    stream_batch: int
    stream_window: float
    bisects: bool
    retry_visibility: float
    lag_chance: float
    longest_lag: float
    latency: float
    skew: float
    notifier_skew: float
    cache_capacity: int
    tells_reasons: bool
    transaction_size: int
    reply_timeout: float
    max_attempts: int
    round_size: int
    resend_unknown: ResendUnknown
    outcome_seconds: float
    quiet_seconds: float
    longest_wait_seconds: float
    rates: Mapping[str, float]
    kinds: Sequence[Fault]
    outages: Sequence[Outage]


def draw_settings(chance: Chance) -> Settings:
    """Draw the settings of a history; now and then a day of it is an outage."""
    settings = _draw_settings(chance)
    outages = draw_long_outage(chance.stream("long outage"), START)
    return _as_deployed(settings, outages) if outages else settings


def _as_deployed(settings: Settings, outages: Sequence[Outage]) -> Settings:
    """The queues as the template has them: it promises that they outlast a day."""
    return replace(
        settings,
        most_receives=DEPLOYED_RECEIVES,
        visibility=180.0,
        retry_visibility=540.0,
        returns_at_once=False,
        outages=[*settings.outages, *outages],
    )


def _draw_settings(chance: Chance) -> Settings:
    pick = chance.stream("settings")
    is_crowd = chance.stream("crowd").random() < CROWDS
    spacing = pick.choice([0.0, 0.001, 0.05, 0.4, 2.0, 8.0])
    return Settings(
        messages=CROWD if is_crowd else MESSAGES,
        senders=pick.choice([1, 2, 3, 5, 8]) * (CROWD if is_crowd else 1),
        grouping=pick.choice(["one", "one", "per sender", "per sender", "both"]),
        spacing=spacing,
        most_receives=pick.choice([*FEW_RECEIVES, DEPLOYED_RECEIVES, DEPLOYED_RECEIVES]),
        visibility=pick.choice([2.0, 31.0, 31.0, 180.0]),
        concurrency=pick.choice([1, 2, 4]),
        returns_at_once=pick.random() < 0.5,
        stream_lanes=pick.choice([1, 1, 2, 4]),
        stream_delay=pick.choice([0.1, 0.5, 3.0, 20.0]),
        stream_batch=pick.choice([1, 3, 10, 100]),
        stream_window=pick.choice([0.0, 1.0, 3.0]),
        bisects=pick.random() < 0.5,
        retry_visibility=pick.choice([91.0, 540.0]),
        lag_chance=pick.choice([0.0, 0.1, 0.5, 1.0]),
        longest_lag=pick.choice([1.0, 10.0, 120.0]),
        latency=pick.choice([0.005, 0.02, 0.2]),
        skew=pick.choice([0.0, 0.0, 0.02]),
        notifier_skew=chance.stream("notifier skew").choice([0.0, 0.0, 0.02, 1.0, LARGEST_SKEW]),
        cache_capacity=pick.choice([1, 10_000]),
        tells_reasons=pick.random() < 0.5,
        reply_timeout=pick.choice([5.0, 20.0, 30.0]),
        max_attempts=pick.choice([1, 2, 4, 12]),
        round_size=pick.choice([1, 2, 100]),
        resend_unknown=_draw_resend_unknown(chance.stream("resend")),
        outcome_seconds=chance.stream("outcome").choice([40.0, 90.0]),
        quiet_seconds=chance.stream("quiet").choice([0.0, 0.0, 0.0, 2.0]),
        longest_wait_seconds=chance.stream("wait").choice([4.0, 30.0]),
        rates={
            **_draw_rates(pick),
            **_draw_throttles(chance.stream("throttles")),
            "intake": chance.stream("intake rates").choice(RATES),
        },
        kinds=_draw_kinds(pick),
        outages=[
            *draw_outages(pick, START, spacing * MESSAGES + 10),
            *draw_blackout(chance.stream("blackout"), START, spacing * MESSAGES + 10),
        ],
        transaction_size=pick.choice([2, 100, 100, 100]),
    )


def _draw_resend_unknown(pick: Random) -> ResendUnknown:
    draw = pick.random()
    if draw < 0.1:
        return ResendUnknown.ALWAYS
    return ResendUnknown.NEVER if draw < 0.2 else ResendUnknown.CHECK


def _draw_rates(pick: Random) -> dict[str, float]:
    rates = {port: pick.choice(RATES) for port in PORTS}
    rates["deeds"] = pick.choice([0.0, 0.05, 0.3, 0.8])
    rates["function"] = pick.choice([0.0, 0.0, 0.1])
    rates["queue"] = rates["stream"] = pick.choice([0.0, 0.05, 0.3])
    rates["operator"] = pick.choice([0.0, 0.5])
    return rates


def _draw_throttles(pick: Random) -> dict[str, float]:
    return {"queue_function": pick.choice(RATES), "notifier": pick.choice(RATES)}


def _draw_kinds(pick: Random) -> list[Fault]:
    """About half of the ways in which things fail, and everything that others do."""
    failures = dict.fromkeys([*WRITE, *PART, *RIGHTS, *POST, *DEATH, *TRACES])
    chosen = [kind for kind in failures if pick.random() < 0.5]
    deeds = [kind for kind in DEEDS if pick.random() < 0.7]
    always = [Fault.NOT_INVOKED, Fault.LEFT_LITTLE_TIME, Fault.DELIVERED_AGAIN, Fault.REDRIVES]
    return [*chosen, *deeds, *always, Fault.PAUSES]
