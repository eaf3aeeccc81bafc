"""Events as Lambda hands them to the functions, for tests that call a function directly."""

from collections.abc import Sequence

from unc.messages.message import Message


def queue_event(messages: Sequence[Message], group: str = "webhook_group") -> dict[str, object]:
    """An SQS batch; the same messages give the same event."""
    return {"Records": [_queue_record(each, n, group) for n, each in enumerate(messages)]}


def stream_event(message: Message, session_id: str) -> dict[str, object]:
    """The stream's record of a newly stored message."""
    image = {
        "sender_id": {"S": message.sender_id},
        "message_id": {"S": message.message_id},
        "session_id": {"S": session_id},
        "chat_type": {"S": "inbound"},
        "created_at": {"N": "1795000000.123"},
        "stored_at": {"N": "1795000000.456"},
        "content": {"M": {"text": {"S": message.label}}},
    }
    change = {"NewImage": image, "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"}
    record = {"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb"}
    return {"Records": [record | {"dynamodb": change}]}


def _queue_record(message: Message, number: int, group: str) -> dict[str, object]:
    return {
        "messageId": f"record-{message.message_id}",
        "receiptHandle": "handle",
        "body": message.body,
        "attributes": {
            "SentTimestamp": "1795000000000",
            "SequenceNumber": f"{number:020d}",
            "MessageGroupId": group,
            "ApproximateReceiveCount": "1",
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
