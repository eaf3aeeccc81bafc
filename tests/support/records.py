"""Records as Lambda hands them to a function."""

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]


def sqs_record(
    record_id: str, body: object, attributes: Mapping[str, str], **message_attributes: str
) -> Record:
    """A received message; `attributes` by their SQS names, beside one receive."""
    return {
        "messageId": record_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"} | dict(attributes),
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"}
            for name, value in message_attributes.items()
        },
        "eventSource": "aws:sqs",
    }


def dynamodb_record(event: str, image: Mapping[str, Any], event_id: str = "1") -> Record:
    """A change of a table; `event` is INSERT or MODIFY, `image` the new row in DynamoDB JSON."""
    return {
        "eventID": event_id,
        "eventName": event,
        "eventSource": "aws:dynamodb",
        "dynamodb": {"NewImage": image, "SequenceNumber": "1"},
    }
