"""Messages, sessions and notifications with ids that no other test uses."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.queue_record import read_record
from consumer.conversation.session import Session
from consumer.notification.notification import Notification
from consumer.webhook.message import InboundMessage
from tests.support import builders
from tests.support.records import sqs_record

NOW = Decimal("1790000000.000123")

# What an erasure leaves of a session beside its id.
ERASED_TEXT = "0123456789abcdef0123456789abcdef"

_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    """An id of this run's own, so that tests can share tables."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}-{next(_numbers)}"


def message(sender_id: str, text: str = "hello", created_at: Decimal = NOW) -> InboundMessage:
    """A parsed message of the sender; its text may be longer than a parsed one."""
    parsed = builders.parsed(MessageSid=new_id("SM"), WaId=sender_id)
    return replace(parsed, content=parsed.content | {"text": text}, created_at=created_at)


def messages(sender_id: str, count: int) -> list[InboundMessage]:
    """Several, in order."""
    return [message(sender_id, f"number {n}", NOW + n) for n in range(count)]


def session(sender_id: str, created_at: int = 1_790_000_000, **values: Any) -> Session:
    """A session that is stored nowhere yet."""
    given = values | {"sender_id": sender_id, "created_at": Decimal(created_at)}
    return builders.session(new_id("session"), **given)


def notification(sender_id: str, stored_at: Decimal = NOW, **fields: Any) -> Notification:
    """The notification of a message."""
    given = {"message_id": new_id("SM"), "stored_at": stored_at} | fields
    return builders.notification(sender_id, **given)


def rejected(body: object, reason: str = "no fields", group_id: str = "group-1") -> RejectedRecord:
    """A record on its way to the dead-letter queue."""
    attributes = {
        "SentTimestamp": "1790000000123",
        "SequenceNumber": "18870000000000000256",
        "MessageGroupId": group_id,
        "ApproximateReceiveCount": "3",
    }
    return RejectedRecord(read_record(sqs_record(new_id("record"), body, attributes)), reason)
