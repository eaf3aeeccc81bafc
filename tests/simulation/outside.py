"""Everything around the functions in one history: time, faults, tables, queues, the service."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tests.simulation.ledger import Ledger
from tests.simulation.settings import START, Settings
from tests.simulation.webhooks import POISON
from tests.world.chance import Chance
from tests.world.faults import Faults, Strike
from tests.world.queues import FifoQueue, StandardQueue
from tests.world.reply_service import ReplyService
from tests.world.scheduler import Scheduler
from tests.world.tables import Row, Tables
from tests.world.wire import Wire

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
        self.faults = Faults(chance, settings.rates, settings.kinds, settings.outages, only_faults)
        self.faults.on_strike = self._note_strike
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

    def _note_strike(self, strike: Strike) -> None:
        process = self.wire.process
        if process is not None:
            process.struck.add(strike.site.partition(".")[0])
        self.ledger.struck(process, strike)

    def _index_lag(self) -> Callable[[], float]:
        pick = self.chance.stream("lag")
        settings = self.settings

        def lag() -> float:
            is_long = pick.random() < settings.lag_chance
            return pick.random() * (settings.longest_lag if is_long else 0.05)

        return lag


def _is_refused(row: Row) -> bool:
    return bool(row["content"]["text"] == POISON)
