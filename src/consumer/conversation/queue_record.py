"""One record of an SQS batch: the envelope around a webhook body.

A redriven record carries its first place in message attributes, and those win
over the place its new envelope gives it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from consumer.text import as_mapping, as_text, clean

# A DynamoDB number holds 38 digits: 10 of seconds, 3 of milliseconds, leaving 25.
# SequenceNumber has 20: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
_SEQUENCE_DIGITS = 20
_LONGEST_SEQUENCE = 25
_LATEST_SENT_MS = 9_999_999_999_999
_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """An SQS record; `id` is what SQS wants back, `original_id` the first id it ever had."""

    id: str
    original_id: str
    body: object
    group_id: str
    sent_ms: int
    sequence: str
    receive_count: int

    @property
    def created_at(self) -> Decimal:
        """Epoch seconds, exact: milliseconds, then the sequence number as further decimals.

        Rising strictly along the queue, and the same on every delivery.
        """
        digits = self.sequence.zfill(_SEQUENCE_DIGITS)
        return Decimal(f"{self.sent_ms // 1000}.{self.sent_ms % 1000:03d}{digits}")


def read_record(raw: object) -> QueueRecord:
    """Decode a record as Lambda hands it over; parts that are missing or odd read as blank."""
    record = as_mapping(raw)
    system = as_mapping(record.get("attributes"))
    first = as_mapping(record.get("messageAttributes"))
    record_id = as_text(record.get("messageId"))
    first_id = _attribute(first, "OriginalMessageId")
    return QueueRecord(
        id=record_id,
        original_id=_storable(first_id if 0 < len(first_id) <= _LONGEST_ID else record_id),
        body=record.get("body"),
        group_id=_attribute(first, "OriginalMessageGroupId")
        or as_text(system.get("MessageGroupId")),
        sent_ms=_sent_ms(_attribute(first, "OriginalSentTimestamp") or system.get("SentTimestamp")),
        sequence=_sequence(
            _attribute(first, "OriginalSequenceNumber") or system.get("SequenceNumber")
        ),
        receive_count=int(_digits(system.get("ApproximateReceiveCount"))[:9] or "1"),
    )


def _storable(record_id: str) -> str:
    """An id fit to name a message that has no other."""
    return clean(record_id)[:_LONGEST_ID]


def _attribute(attributes: Mapping[str, Any], name: str) -> str:
    return as_text(as_mapping(attributes.get(name)).get("stringValue"))


def _digits(value: object) -> str:
    text = str(value) if isinstance(value, (int, str)) else ""
    return text if text.isascii() and text.isdigit() else ""


def _sent_ms(value: object) -> int:
    return min(int(_digits(value)[:13] or "0"), _LATEST_SENT_MS)


def _sequence(value: object) -> str:
    return _digits(value)[:_LONGEST_SEQUENCE]
