"""Events as Lambda hands them to the functions, for tests that call a function directly."""

from collections.abc import Sequence

from tests.support.builders import raw_record, stream_record
from unc.messages.message import Message


def queue_event(messages: Sequence[Message]) -> dict[str, object]:
    """An SQS batch; the same messages give the same event."""
    return {
        "Records": [
            raw_record(
                each.body, messageId=f"record-{each.message_id}", SequenceNumber=f"{number:020d}"
            )
            for number, each in enumerate(messages)
        ]
    }


def stream_event(message: Message, session_id: str) -> dict[str, object]:
    """The stream's record of a newly stored message."""
    record = stream_record(
        sender_id={"S": message.sender_id},
        message_id={"S": message.message_id},
        session_id={"S": session_id},
        content={"M": {"text": {"S": message.label}}},
    )
    return {"Records": [record]}
