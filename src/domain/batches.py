"""A batch of queue records, sorted by what has to happen to each.

Order is owed per sender. The tail rule: a record that is not settled takes every
later record of its sender with it, and nobody else's, whatever the message group.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from domain.chats import InboundMessage
from domain.inbound import Malformed, ParsedMessage, StatusCallback, parse_inbound
from domain.records import QueueRecord


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record that holds an inbound message."""

    record: QueueRecord
    message: InboundMessage


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record on its way to a dead-letter queue, and why."""

    record: QueueRecord
    reason: str


@dataclass(slots=True)
class Batch:
    """Records by kind, each kind in queue order."""

    arrivals: list[Arrival] = field(default_factory=list)
    callbacks: list[QueueRecord] = field(default_factory=list)
    malformed: list[Rejected] = field(default_factory=list)

    def by_sender(self) -> dict[str, list[InboundMessage]]:
        """Each sender's messages in order, of a message that came twice the first."""
        grouped: dict[str, dict[str, InboundMessage]] = {}
        for message in sorted((a.message for a in self.arrivals), key=lambda m: m.created_at):
            grouped.setdefault(message.sender_id, {}).setdefault(message.message_id, message)
        return {sender: list(messages.values()) for sender, messages in grouped.items()}


def sort_batch(records: Iterable[QueueRecord]) -> Batch:
    """Parse every record and put it where it belongs."""
    batch = Batch()
    for record in records:
        match parse_inbound(record.body):
            case ParsedMessage() as parsed if parsed.message_id or record.original_id:
                batch.arrivals.append(_arrival(record, parsed))
            case ParsedMessage():
                batch.malformed.append(Rejected(record, "neither a Sid nor a record id"))
            case StatusCallback():
                batch.callbacks.append(record)
            case Malformed(reason):
                batch.malformed.append(Rejected(record, reason))
    return batch


def with_tails(arrivals: Sequence[Arrival], unsettled: Set[str]) -> list[str]:
    """Record ids to report: the unsettled ones and every later one of the same sender."""
    blocked: set[str] = set()
    failed = []
    for arrival in arrivals:
        if arrival.record.id in unsettled:
            blocked.add(arrival.message.sender_id)
        if arrival.message.sender_id in blocked:
            failed.append(arrival.record.id)
    return failed


def _arrival(record: QueueRecord, parsed: ParsedMessage) -> Arrival:
    """A body without a Sid is known by its record's first id, and says so."""
    if parsed.message_id is None:
        metadata: Mapping[str, object] = {
            **parsed.metadata,
            "message_id": record.original_id,
            "message_id_source": "sqs",
        }
        parsed = replace(parsed, metadata=dict(metadata))
    return Arrival(record, InboundMessage(str(parsed.message_id), record.created_at, parsed))
