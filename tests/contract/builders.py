"""Messages, sessions and news with ids that no other test uses."""

from __future__ import annotations

import itertools
import uuid
from decimal import Decimal

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.session import ACTIVE, Session
from consumer.notification.notification import Notification
from consumer.notification.state import Claim
from consumer.webhook.message import InboundMessage

NOW = Decimal("1790000000.000123")
EXPIRES_AT = 4_000_000_000  # far ahead: an emulator removes what has expired

_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    """An id of this run's own, so that tests can share tables."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}-{next(_numbers)}"


def message(sender_id: str, text: str = "hello", created_at: Decimal = NOW) -> InboundMessage:
    """A parsed message of the sender."""
    message_id = new_id("SM")
    return InboundMessage(
        message_type="text",
        channel="whatsapp",
        sender={"id": sender_id, "name": None, "phone": None},
        content={"text": text, "media_count": 0, "segments": 1},
        metadata={"message_id": message_id, "account_id": None, "status": None},
        raw={},
        created_at=created_at,
    )


def messages(sender_id: str, count: int) -> list[InboundMessage]:
    """Several, in order."""
    return [message(sender_id, f"number {n}", NOW + n) for n in range(count)]


def session(sender_id: str, created_at: int = 1_790_000_000, status: str = ACTIVE) -> Session:
    """A session that is stored nowhere yet."""
    return Session(new_id("session"), sender_id, status, Decimal(created_at))


def notification(sender_id: str, stored_at: Decimal = NOW, **fields: object) -> Notification:
    """News of a message; `fields` as News has them."""
    return Notification(sender_id, new_id("SM"), "session-1", stored_at, **fields)  # type: ignore[arg-type]


def claim(notified: Notification, token: str) -> Claim:
    return Claim(notified, token, EXPIRES_AT)


def rejected(body: object, reason: str = "no fields", group_id: str = "group-1") -> RejectedRecord:
    """A record on its way to the dead-letter queue."""
    record_id = new_id("record")
    record = QueueRecord(
        record_id, record_id, body, group_id, 1_790_000_000_123, "18870000000000000256", 3
    )
    return RejectedRecord(record, reason)
