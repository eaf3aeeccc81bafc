"""The in-memory services, without faults."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from consumer.aws.attribute_values import to_item
from consumer.conversation.session import ERASED, Session
from consumer.notification.ports import ReplyService
from consumer.webhook.message import ChatKey
from tests.contract.builders import ERASED_TEXT
from tests.contract.harness import QueuedMessage
from tests.support.dynamodb_limits import faults_of
from tests.support.memory.chance import Chance
from tests.support.memory.fault_schedule import Fault, FaultSchedule
from tests.support.memory.queues import Message, Queue
from tests.support.memory.scheduler import Scheduler
from tests.support.memory.services import MemoryServices
from tests.support.memory.tables import Row, Tables

LONG_SECONDS = 1_000.0
OPTIONAL = ("user_limited_until", "updated_at", "paused_until", "limited_before_pause")

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
        self._services = MemoryServices(
            Scheduler(1_790_000_000.0), tables=Tables(refuses=_is_refused)
        )
        self.conversations = self._services.conversation_store()
        self.session_key = self._services.session_key_store()
        self.notifications = self._services.notification_store()
        self.dead_letters = self._services.dead_letter_queue()
        self.retry_queue = self._services.retry_queue()

    def put_session(self, session_id: str, sender_id: str, **attributes: Any) -> None:
        session = Session(
            session_id,
            sender_id,
            attributes.get("status", ""),
            Decimal(attributes["created_at"]),
            *(attributes.get(name) for name in OPTIONAL),
        )
        self._services.tables.put_session(session, self._services.now())

    def erase_session(self, session_id: str) -> None:
        erased = Session(session_id, "", ERASED, Decimal(0), erased=ERASED_TEXT)
        self._services.tables.sessions[session_id] = erased

    def put_reply(self, sender_id: str, created_at: int) -> None:
        now = self._services.now()
        self._services.tables.replies.put(sender_id, "session-1", created_at, now)

    def chat(self, key: ChatKey) -> Mapping[str, Any] | None:
        return self._services.tables.chats.get(key)

    def quarantined(self) -> list[QueuedMessage]:
        return _take_all(self._services.dead_letters)

    def waiting(self) -> int:
        return sum(
            each.visible_at > self._services.now()
            for each in self._services.retries.messages.values()
        )

    def scheduled(self) -> list[QueuedMessage]:
        self._services.scheduler.pause(LONG_SECONDS)
        return _take_all(self._services.retries)

    def forget_scheduled(self) -> None:
        self._services.retries.messages.clear()

    def dead_lettered(self) -> list[QueuedMessage]:
        return _take_all(self._services.reply_dead_letters)

    def reply_service(self, behaviour: str) -> ReplyService:
        fault = FAULTS[behaviour]
        faults = FaultSchedule(Chance(0))
        if fault:
            faults.fail("reply", fault)
        services = MemoryServices(Scheduler(self._services.now()), faults=faults)
        return services.reply_service(Random(0))


def _take_all(queue: Queue) -> list[QueuedMessage]:
    taken = [_queued_message(each) for each in queue.messages.values()]
    queue.messages.clear()
    return taken


def _queued_message(message: Message) -> QueuedMessage:
    return QueuedMessage(message.body, message.group, message.attributes)


def _is_refused(row: Row) -> bool:
    return bool(faults_of(to_item(dict(row))))
