"""Tables, queues and the reply service in memory, and the ports to them.

Faults come from the fault schedule only: without one every call succeeds, and takes no time.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from container import Runtime
from tests.support.memory.chance import Chance
from tests.support.memory.conversation_store import MAX_ACTIONS, MemoryConversationStore
from tests.support.memory.fault_schedule import FaultSchedule
from tests.support.memory.notification_store import MemoryNotificationStore
from tests.support.memory.observer import Observer
from tests.support.memory.queue_ports import MemoryDeadLetterQueue, MemoryRetryQueue
from tests.support.memory.queues import FifoQueue, StandardQueue
from tests.support.memory.reply_service import MemoryReplyService, ReplyService
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.session_key_store import MemorySessionKeyStore
from tests.support.memory.tables import Tables
from tests.support.memory.wire import Wire


class MemoryServices:
    """`latency` in seconds; `receives` and `retry_receives` as the redrive policies have them."""

    def __init__(
        self,
        scheduler: Scheduler,
        chance: Chance | None = None,
        *,
        faults: FaultSchedule | None = None,
        observer: Observer | None = None,
        tables: Tables | None = None,
        latency: float = 0.0,
        receives: int | None = None,
        retry_receives: int | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.chance = chance or Chance(0)
        self.faults = faults or FaultSchedule(self.chance)
        self.observer = observer or Observer()
        self.tables = tables or Tables()
        self.wire = Wire(scheduler, self.faults, self.chance.stream("wire"), latency)
        self.service = self._new_service()
        self.dead_letters = FifoQueue("dlq", self.now)
        self.queue = FifoQueue("queue", self.now, receives, self.dead_letters)
        self.reply_dead_letters = StandardQueue("reply-dlq", self.now)
        self.retries = StandardQueue("retry", self.now, retry_receives, self.reply_dead_letters)

    def now(self) -> float:
        """Epoch seconds."""
        return self.scheduler.now

    def runtime(self, skew: float = 0.0, random: Callable[[], float] = lambda: 1.0) -> Runtime:
        """Time and chance of a container whose clock is `skew` seconds ahead."""
        return Runtime(
            clock=lambda: self.scheduler.now + skew,
            monotonic=lambda: self.scheduler.now,
            sleep=self.wire.sleep,
            random=random,
        )

    def conversation_store(
        self, tells_reasons: bool = True, transaction_size: int = MAX_ACTIONS
    ) -> MemoryConversationStore:
        return MemoryConversationStore(
            self.tables, self.wire, self.observer, tells_reasons, transaction_size
        )

    def session_key_store(self) -> MemorySessionKeyStore:
        return MemorySessionKeyStore(self.tables, self.wire)

    def dead_letter_queue(self) -> MemoryDeadLetterQueue:
        return MemoryDeadLetterQueue(self.dead_letters, self.wire, self.observer)

    def notification_store(self) -> MemoryNotificationStore:
        return MemoryNotificationStore(self.tables, self.wire, self.observer)

    def retry_queue(self) -> MemoryRetryQueue:
        return MemoryRetryQueue(self.retries, self.reply_dead_letters, self.wire, self.observer)

    def reply_service(self, random: Random, timeout: float = 30.0) -> MemoryReplyService:
        return MemoryReplyService(
            self.service, self.wire, self.faults, self.scheduler, random, self.observer, timeout
        )

    def _new_service(self) -> ReplyService:
        random = self.chance.stream("service")
        return ReplyService(self.tables, self.faults, self.scheduler, random, self.observer)
