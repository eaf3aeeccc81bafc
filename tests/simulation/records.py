"""Records of the in-memory queues and tables, as Lambda hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumer.aws.attribute_values import to_item
from tests.support import records
from tests.support.memory.queues import Message
from tests.support.memory.tables import Row

Record = Mapping[str, Any]


def sqs_record(message: Message) -> Record:
    """A received message."""
    attributes = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": str(message.sent_ms),
        "SequenceNumber": str(message.sequence),
        "MessageGroupId": message.group,
    }
    return records.sqs_record(message.id, message.body, attributes, **message.attributes)


def stream_record(name: str, row: Row) -> Record:
    """A change of the table; `name` is INSERT or MODIFY."""
    return records.dynamodb_record(name, to_item(dict(row)), row["message_id"])
