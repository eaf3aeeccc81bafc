"""Records as Lambda hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumer.aws.attribute_values import to_item
from tests.support.memory.queues import Message
from tests.support.memory.tables import Row

Record = Mapping[str, Any]


def sqs_record(message: Message) -> Record:
    """A received message."""
    return {
        "messageId": message.id,
        "receiptHandle": f"{message.id}/{message.receives}",
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(message.sent_ms),
            "SequenceNumber": str(message.sequence),
            "MessageGroupId": message.group,
        },
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"}
            for name, value in message.attributes.items()
        },
        "eventSource": "aws:sqs",
    }


def stream_record(name: str, row: Row) -> Record:
    """A change of the table; `name` is INSERT or MODIFY."""
    return {
        "eventName": name,
        "eventID": row["message_id"],
        "eventSource": "aws:dynamodb",
        "dynamodb": {"NewImage": to_item(dict(row))},
    }
