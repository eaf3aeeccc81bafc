"""A batch of queue records, sorted by what has to happen to each.

Order is owed per sender: a record that failed blocks every later record of its sender, and
nobody else's, whatever the message group.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from consumer.conversation.queue_record import QueueRecord
from consumer.webhook.message import InboundMessage, Malformed, StatusCallback
from consumer.webhook.parse import parse_inbound


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record on its way to a dead-letter queue, and why."""

    record: QueueRecord
    reason: str


@dataclass(slots=True)
class Batch:
    """Records by kind, each kind in queue order; a message stands beside its record."""

    messages: list[tuple[QueueRecord, InboundMessage]] = field(default_factory=list)
    callbacks: list[QueueRecord] = field(default_factory=list)
    malformed: list[RejectedRecord] = field(default_factory=list)

    def by_sender(self) -> dict[str, list[InboundMessage]]:
        """Each sender's messages in order, of a message that came twice the first."""
        grouped: dict[str, dict[str, InboundMessage]] = {}
        for message in sorted((m for _, m in self.messages), key=lambda m: m.created_at):
            grouped.setdefault(message.sender_id, {}).setdefault(message.message_id, message)
        return {sender: list(messages.values()) for sender, messages in grouped.items()}


def sort_batch(records: Iterable[QueueRecord]) -> Batch:
    """Parse every record and put it where it belongs."""
    batch = Batch()
    for record in records:
        match parse_inbound(record.body):
            case InboundMessage() as message if message.message_id or record.original_id:
                batch.messages.append((record, _placed(message, record)))
            case InboundMessage():
                batch.malformed.append(RejectedRecord(record, "neither a Sid nor a record id"))
            case StatusCallback():
                batch.callbacks.append(record)
            case Malformed(reason):
                batch.malformed.append(RejectedRecord(record, reason))
    return batch


def with_blocked(
    messages: Sequence[tuple[QueueRecord, InboundMessage]], failed: Set[str]
) -> list[str]:
    """Record ids to report: the failed ones and every later one of the same sender."""
    blocked: set[str] = set()
    reported = []
    for record, message in messages:
        if record.id in failed:
            blocked.add(message.sender_id)
        if message.sender_id in blocked:
            reported.append(record.id)
    return reported


def _placed(message: InboundMessage, record: QueueRecord) -> InboundMessage:
    """The message at its record's place; a body without a Sid takes the record's first id."""
    metadata = message.metadata
    if not message.message_id:
        metadata = metadata | {"message_id": record.original_id, "message_id_source": "sqs"}
    return replace(message, metadata=metadata, created_at=record.created_at)
