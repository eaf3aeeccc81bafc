"""The dead-letter queue for bodies that are never stored."""

from collections.abc import Sequence
from hashlib import sha256

from consumer.aws.sqs import Entry, SqsSender, string_attributes
from consumer.conversation.batch import RejectedRecord


class SqsDeadLetterQueue:
    """The FIFO dead-letter queue; see DeadLetters."""

    def __init__(self, sender: SqsSender, url: str) -> None:
        self._sender = sender
        self._url = url

    def quarantine(self, rejected: Sequence[RejectedRecord]) -> set[str]:
        """Send the bodies with their reason and their first place in the queue."""
        return self._sender.send_in_order(
            self._url, {each.record.id: _quarantined(each) for each in rejected}
        )


def _quarantined(rejected: RejectedRecord) -> Entry:
    record = rejected.record
    return {
        "MessageBody": record.body if isinstance(record.body, str) and record.body else "(none)",
        "MessageGroupId": record.group_id or "quarantine",
        # By the record's id now, not its first: quarantined anew after a redrive it must
        # not pass for a repetition of the message that the redrive has just removed.
        "MessageDeduplicationId": sha256(record.id.encode("utf-8", "replace")).hexdigest(),
        "MessageAttributes": string_attributes(
            {
                "Reason": rejected.reason,
                "OriginalMessageId": record.original_id,
                "OriginalSentTimestamp": str(record.sent_ms),
                "OriginalSequenceNumber": record.sequence,
                "OriginalMessageGroupId": record.group_id,
                "ReceiveCount": str(record.receive_count),
            }
        ),
    }
