"""The dead-letter queue for bodies that are never stored."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from consumer.aws.sqs import Entry, SqsSender, string_attributes
from consumer.conversation.batch import RejectedRecord

# What SQS takes of one message, its attributes included.
_MAX_MESSAGE_BYTES = 1024 * 1024


class SqsDeadLetterQueue:
    """The FIFO dead-letter queue; see DeadLetters."""

    def __init__(self, sender: SqsSender, url: str) -> None:
        self._sender = sender
        self._url = url

    def quarantine(self, rejected: Sequence[RejectedRecord]) -> set[str]:
        """Send the bodies with their reason and their first place in the queue.

        A body so long that no attribute fits beside it goes alone: it would never leave the
        queue, and never let its message group go on.
        """
        return self._sender.send_in_order(
            self._url, {each.record.id: _quarantined(each) for each in rejected}
        )


def _quarantined(rejected: RejectedRecord) -> Entry:
    record = rejected.record
    body = record.body if isinstance(record.body, str) and record.body else "(none)"
    attributes = _attributes(rejected)
    size = len(body.encode("utf-8", "replace")) + sum(map(_bytes, attributes.items()))
    return {
        "MessageBody": body,
        "MessageGroupId": record.group_id or "quarantine",
        # By the record's id now, not its first: quarantined anew after a redrive it must
        # not pass for a repetition of the message that the redrive has just removed.
        "MessageDeduplicationId": sha256(record.id.encode("utf-8", "replace")).hexdigest(),
        "MessageAttributes": attributes if size <= _MAX_MESSAGE_BYTES else {},
    }


def _attributes(rejected: RejectedRecord) -> dict[str, Any]:
    record = rejected.record
    return string_attributes(
        {
            "Reason": rejected.reason,
            "OriginalMessageId": record.original_id,
            "OriginalSentTimestamp": str(record.sent_ms),
            "OriginalSequenceNumber": record.sequence,
            "OriginalMessageGroupId": record.group_id,
            "ReceiveCount": str(record.receive_count),
        }
    )


def _bytes(attribute: tuple[str, dict[str, str]]) -> int:
    """Name, type and value count, https://docs.aws.amazon.com/AWSSimpleQueueService."""
    name, value = attribute
    return len("".join([name, *value.values()]).encode("utf-8", "replace"))
