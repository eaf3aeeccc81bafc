"""The in-memory world, calm."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from consumer.conversation.session import Session
from consumer.item_size import size_of
from consumer.notification.ports import ReplyService as ReplyServicePort
from consumer.webhook.message import ChatKey
from tests.contract.bench import Letter
from tests.world.chance import Chance
from tests.world.conversations import MemoryConversations
from tests.world.faults import Fault, Faults
from tests.world.notifications import MemoryNotifications
from tests.world.queue_ports import MemoryDeadLetterQueue, MemoryRetryQueue
from tests.world.queues import FifoQueue, Message, Queue, StandardQueue
from tests.world.reply_service import MemoryReplyService, ReplyService
from tests.world.scheduler import Scheduler
from tests.world.tables import Row, Tables
from tests.world.wire import Wire
from tests.world.witness import Witness

LARGEST_ITEM_BYTES = 400 * 1024
LONG_SECONDS = 1_000.0

FAULTS = {
    "200": None,
    "401": Fault.UNAUTHORIZED,
    "422": Fault.REJECTED,
    "429": Fault.ERROR,
    "500": Fault.ERROR,
    "503": Fault.ERROR,
    "504": Fault.GATEWAY_TIMEOUT,
    "drops": Fault.DROPPED,
    "absent": Fault.REFUSED,
}


class MemoryBench:
    """See Bench."""

    def __init__(self) -> None:
        self._scheduler = Scheduler(1_790_000_000.0)
        self._witness = Witness()
        self._tables = Tables(refuses=_is_too_large)
        self._wire = Wire(self._scheduler, Faults(Chance(0)), Random(0))
        self._dead = FifoQueue("dlq", self._now)
        self._parked = StandardQueue("retry", self._now)
        self._given_up = StandardQueue("reply-dlq", self._now)
        self.conversations = MemoryConversations(self._tables, self._wire, self._witness)
        self.notifications = MemoryNotifications(self._tables, self._wire, self._witness)
        self.dead_letters = MemoryDeadLetterQueue(self._dead, self._wire, self._witness)
        self.retry_queue = MemoryRetryQueue(
            self._parked, self._given_up, self._wire, self._witness, lambda: 0.0
        )

    def put_session(self, session_id: str, sender_id: str, **attributes: Any) -> None:
        session = Session(
            session_id,
            sender_id,
            attributes.get("status", ""),
            Decimal(attributes["created_at"]),
            attributes.get("user_limited_until"),
        )
        self._tables.put_session(session, self._now())

    def chat(self, key: ChatKey) -> Mapping[str, Any] | None:
        return self._tables.chats.get(key)

    def dead(self) -> list[Letter]:
        return _take_all(self._dead)

    def waiting(self) -> int:
        return sum(each.visible_at > self._now() for each in self._parked.messages.values())

    def scheduled(self) -> list[Letter]:
        self._scheduler.pause(LONG_SECONDS)
        return _take_all(self._parked)

    def forget_parked(self) -> None:
        self._parked.messages.clear()

    def dead_lettered(self) -> list[Letter]:
        return _take_all(self._given_up)

    def reply_service(self, behaviour: str) -> ReplyServicePort:
        fault = FAULTS[behaviour]
        faults = Faults(Chance(0), {"reply": 1.0}, {fault} if fault else ())
        service = ReplyService(self._tables, faults, self._scheduler, Random(0), self._witness)
        return MemoryReplyService(
            service, self._wire, faults, self._scheduler, Random(0), self._witness
        )

    def _now(self) -> float:
        return self._scheduler.now


def _take_all(queue: Queue) -> list[Letter]:
    taken = [_letter(each) for each in queue.messages.values()]
    queue.messages.clear()
    return taken


def _letter(message: Message) -> Letter:
    return Letter(message.body, message.group, message.attributes)


def _is_too_large(row: Row) -> bool:
    return size_of(dict(row)) > LARGEST_ITEM_BYTES
