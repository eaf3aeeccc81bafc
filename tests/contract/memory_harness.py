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
from tests.contract.harness import QueuedMessage
from tests.support.memory.chance import Chance
from tests.support.memory.conversation_store import MemoryConversationStore
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.notification_store import MemoryNotificationStore
from tests.support.memory.observer import Observer
from tests.support.memory.queue_ports import MemoryDeadLetterQueue, MemoryRetryQueue
from tests.support.memory.queues import FifoQueue, Message, Queue, StandardQueue
from tests.support.memory.reply_service import MemoryReplyService, ReplyService
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.tables import Row, Tables
from tests.support.memory.wire import Wire

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


class MemoryHarness:
    """See Harness."""

    def __init__(self) -> None:
        self._scheduler = Scheduler(1_790_000_000.0)
        self._observer = Observer()
        self._tables = Tables(refuses=_is_too_large)
        self._wire = Wire(self._scheduler, FaultSchedule(Chance(0)), Random(0))
        self._dead = FifoQueue("dlq", self._now)
        self._retries = StandardQueue("retry", self._now)
        self._reply_dead_letters = StandardQueue("reply-dlq", self._now)
        self.conversations = MemoryConversationStore(self._tables, self._wire, self._observer)
        self.notifications = MemoryNotificationStore(self._tables, self._wire, self._observer)
        self.dead_letters = MemoryDeadLetterQueue(self._dead, self._wire, self._observer)
        self.retry_queue = MemoryRetryQueue(
            self._retries, self._reply_dead_letters, self._wire, self._observer, lambda: 0.0
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

    def quarantined(self) -> list[QueuedMessage]:
        return _take_all(self._dead)

    def waiting(self) -> int:
        return sum(each.visible_at > self._now() for each in self._retries.messages.values())

    def scheduled(self) -> list[QueuedMessage]:
        self._scheduler.pause(LONG_SECONDS)
        return _take_all(self._retries)

    def forget_scheduled(self) -> None:
        self._retries.messages.clear()

    def dead_lettered(self) -> list[QueuedMessage]:
        return _take_all(self._reply_dead_letters)

    def reply_service(self, behaviour: str) -> ReplyServicePort:
        fault = FAULTS[behaviour]
        faults = FaultSchedule(Chance(0), {"reply": 1.0}, {fault} if fault else ())
        service = ReplyService(self._tables, faults, self._scheduler, Random(0), self._observer)
        return MemoryReplyService(
            service, self._wire, faults, self._scheduler, Random(0), self._observer
        )

    def _now(self) -> float:
        return self._scheduler.now


def _take_all(queue: Queue) -> list[QueuedMessage]:
    taken = [_queued_message(each) for each in queue.messages.values()]
    queue.messages.clear()
    return taken


def _queued_message(message: Message) -> QueuedMessage:
    return QueuedMessage(message.body, message.group, message.attributes)


def _is_too_large(row: Row) -> bool:
    return size_of(dict(row)) > LARGEST_ITEM_BYTES
