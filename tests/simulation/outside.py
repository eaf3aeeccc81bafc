"""Everything around the functions in one history: time, faults, tables, queues, the service."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tests.simulation.ledger import Ledger
from tests.simulation.settings import START, Settings
from tests.simulation.webhooks import POISON
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import FaultSchedule, InjectedFault
from tests.support.memory.queues import FifoQueue, StandardQueue
from tests.support.memory.reply_service import ReplyService
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.tables import Row, Tables
from tests.support.memory.wire import Wire

RETRY_QUEUE_RECEIVES = 5  # as in infra/template.yaml


class Outside:
    """What the functions work on, and what befalls them there."""

    def __init__(
        self,
        chance: Chance,
        settings: Settings,
        only_faults: Collection[str] | None,
        ledger: type[Ledger],
    ) -> None:
        self.chance = chance
        self.settings = settings
        self.scheduler = Scheduler(START)
        self.faults = FaultSchedule(
            chance, settings.rates, settings.kinds, settings.outages, only_faults
        )
        self.faults.on_inject = self._note_fault
        self.ledger = ledger(self.now)
        self.tables = Tables(self._index_lag(), _is_refused)
        self.wire = Wire(self.scheduler, self.faults, chance.stream("wire"), settings.latency)
        self.service = ReplyService(
            self.tables, self.faults, self.scheduler, chance.stream("service"), self.ledger
        )
        self.dead_letters = FifoQueue("dlq", self.now)
        self.queue = FifoQueue("queue", self.now, settings.most_receives, self.dead_letters)
        self.reply_dead_letters = StandardQueue("reply-dlq", self.now)
        self.retries = StandardQueue(
            "retry", self.now, RETRY_QUEUE_RECEIVES, self.reply_dead_letters
        )

    def now(self) -> float:
        return self.scheduler.now

    def _note_fault(self, fault: InjectedFault) -> None:
        process = self.wire.process
        if process is not None:
            process.faulty_ports.add(fault.site.partition(".")[0])
        self.ledger.fault_injected(process, fault)

    def _index_lag(self) -> Callable[[], float]:
        pick = self.chance.stream("lag")
        settings = self.settings

        def lag() -> float:
            is_long = pick.random() < settings.lag_chance
            return pick.random() * (settings.longest_lag if is_long else 0.05)

        return lag


def _is_refused(row: Row) -> bool:
    return bool(row["content"]["text"] == POISON)
