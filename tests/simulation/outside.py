"""Everything around the functions in one history: time, faults, tables, queues, the service."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tests.simulation.ledger import Ledger
from tests.simulation.settings import DEPLOYED_RECEIVES, START, Settings
from tests.simulation.webhooks import POISON
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import FaultSchedule, InjectedFault
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.services import MemoryServices
from tests.support.memory.tables import Row, Tables


class Outside(MemoryServices):
    """What the functions work on, with the faults of one history."""

    def __init__(
        self,
        chance: Chance,
        settings: Settings,
        only_faults: Collection[str] | None,
        ledger: type[Ledger],
    ) -> None:
        scheduler = Scheduler(START)
        self.settings = settings
        self.ledger = ledger(lambda: scheduler.now)
        super().__init__(
            scheduler,
            chance,
            faults=_schedule(chance, settings, only_faults),
            observer=self.ledger,
            tables=Tables(_index_lag(chance, settings), _is_refused),
            latency=settings.latency,
            receives=settings.most_receives,
            retry_receives=DEPLOYED_RECEIVES,
        )
        self.faults.on_inject = self._note_fault

    def _note_fault(self, fault: InjectedFault) -> None:
        process = self.wire.process
        if process is not None:
            process.faulty_ports.add(fault.site.partition(".")[0])
        self.ledger.fault_injected(process, fault)


def _schedule(
    chance: Chance, settings: Settings, only_faults: Collection[str] | None
) -> FaultSchedule:
    return FaultSchedule(chance, settings.rates, settings.kinds, settings.outages, only_faults)


def _index_lag(chance: Chance, settings: Settings) -> Callable[[], float]:
    pick = chance.stream("lag")

    def lag() -> float:
        is_long = pick.random() < settings.lag_chance
        return pick.random() * (settings.longest_lag if is_long else 0.05)

    return lag


def _is_refused(row: Row) -> bool:
    return bool(row["content"]["text"] == POISON)
