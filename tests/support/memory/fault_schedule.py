"""What goes wrong, and when: drawn by site and visit, so that any one can be left out.

A fault has a name, `site#visit` or `outage#number`. A world that is given names lets
only those injected; that is how a failing history is made short. What others do at a time
of their choosing (complete a session, redrive a queue) is drawn in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from tests.support.memory.chance import Chance


class Fault(Enum):
    """Ways in which a call, or the process that makes it, fails; and others' deeds."""

    THROTTLED = "refused at once, not applied"
    LOST = "not applied, no answer"
    SLOW = "applied, answered after seconds"
    BROKEN = "applied, answered with a server error"
    SILENT = "applied, no answer"
    LATE = "no answer, applied after the caller gave up"
    PARTIAL = "a part was left undone"
    DENIED = "refused at once, a right is missing"
    DIES_BEFORE = "the process died before it was applied"
    DIES_AFTER = "the process died after it was applied"

    # Of a POST to the reply service
    REFUSED = "no connection"
    ERROR = "answered 429, 500, 502 or 503, not accepted"
    UNAUTHORIZED = "answered 401"
    REJECTED = "answered another 4xx"
    GATEWAY_TIMEOUT = "answered 504, accepted or not"
    DROPPED = "connection broken, accepted or not"
    TOO_SLOW = "silent until the timeout, accepted later"

    # Of deliveries
    NOT_INVOKED = "the invocation was throttled"
    LEFT_LITTLE_TIME = "the invocation has little time"
    DELIVERED_AGAIN = "delivered again after success"

    # Of others
    COMPLETES = "the reply service completes a session"
    OPENS = "the reply service opens a session"
    LIMITS = "the reply service limits a user"
    LEAVES_NO_TRACE = "the reply service answers and writes no chat"
    REDRIVES = "the operator redrives the dead-letter queues"
    PAUSES = "the operator pauses a sender"


READ = (Fault.THROTTLED, Fault.LOST, Fault.SLOW, Fault.DIES_BEFORE, Fault.DIES_AFTER)
WRITE = (*READ, Fault.BROKEN, Fault.SILENT, Fault.LATE)
# What a caller waits for, up to the time that a call may take.
HANGING = (Fault.LOST, Fault.SLOW, Fault.SILENT, Fault.LATE)
PART = (Fault.PARTIAL,)
RIGHTS = (Fault.DENIED,)
POST = (
    Fault.SLOW,
    Fault.REFUSED,
    Fault.ERROR,
    Fault.UNAUTHORIZED,
    Fault.REJECTED,
    Fault.GATEWAY_TIMEOUT,
    Fault.DROPPED,
    Fault.TOO_SLOW,
)
DEATH = (Fault.DIES_BEFORE, Fault.DIES_AFTER)
DEEDS = (Fault.COMPLETES, Fault.OPENS, Fault.LIMITS)
TRACES = (Fault.LEAVES_NO_TRACE,)


@dataclass(frozen=True, slots=True)
class Outage:
    """A port (the part of a site before the dot) that fails in one way for a while."""

    port: str
    start: float
    end: float
    fault: Fault

    @property
    def is_long(self) -> bool:
        """Whether it lasts for hours."""
        return self.end - self.start > 3600


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that was injected."""

    name: str
    site: str
    fault: Fault
    moment: float


class FaultSchedule:
    """Decides at every visit of a site; `rates` are chances by port, from 0 to 1."""

    def __init__(
        self,
        chance: Chance,
        rates: Mapping[str, float] | None = None,
        kinds: Collection[Fault] = tuple(Fault),
        outages: Sequence[Outage] = (),
        only: Collection[str] | None = None,
    ) -> None:
        self._chance = chance
        self._rates = rates or {}
        self._kinds = frozenset(kinds)
        self._outages = list(outages)
        self._only = only
        self._streams: dict[str, Random] = {}
        self._visits: Counter[str] = Counter()
        self.injected: list[InjectedFault] = []
        self.on_inject: Callable[[InjectedFault], None] = lambda injected: None
        self.are_over = False

    def inject(self, site: str, kinds: Sequence[Fault], now: float) -> Fault | None:
        """The fault of this visit, or None."""
        port = site.partition(".")[0]
        fault, name = self._drawn(site, port, kinds)
        for number, outage in enumerate(self._outages):
            if outage.port == port and outage.start <= now < outage.end and outage.fault in kinds:
                fault, name = outage.fault, f"outage#{number}"
        if fault is None or self.are_over or not self._is_wanted(name):
            return None
        injected = InjectedFault(name, site, fault, now)
        self.injected.append(injected)
        self.on_inject(injected)
        return fault

    def fail(self, port: str, fault: Fault) -> None:
        """Let every call to a port fail in this way from now on."""
        self._outages.append(Outage(port, float("-inf"), float("inf"), fault))

    def _drawn(self, site: str, port: str, kinds: Sequence[Fault]) -> tuple[Fault | None, str]:
        rate = self._rates.get(port, 0.0)
        if not rate:
            return None, ""
        self._visits[site] += 1
        draw = self._stream(site).random()
        possible = [kind for kind in kinds if kind in self._kinds] if draw < rate else []
        if not possible:
            return None, ""
        return possible[int(draw / rate * len(possible))], f"{site}#{self._visits[site]}"

    def _stream(self, site: str) -> Random:
        if site not in self._streams:
            self._streams[site] = self._chance.stream(f"fault {site}")
        return self._streams[site]

    def _is_wanted(self, name: str) -> bool:
        return self._only is None or name in self._only
