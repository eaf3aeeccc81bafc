"""One dead letter: why it is dead, whose it is, and its first place in the queue.

A function's own hand gives reason and place as attributes. What SQS moves by itself has neither:
then time, number and id of the envelope it lies in are the best there is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consumer.masking import mask
from consumer.text import as_mapping, as_text
from unc.dlq import queues
from unc.messages.message import read_message

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

MOVED_BY_SQS = "received too often; moved by SQS itself, which keeps no reason"


@dataclass(frozen=True)
class _Facts:
    """What a body says; blank where it does not."""

    sender_id: str = ""
    message_id: str = ""
    reason: str = ""


@dataclass(frozen=True)
class DeadLetter:
    """A message as a dead-letter queue holds it; the handle is good until it shows again."""

    queue: str
    id: str
    handle: str = field(repr=False)
    body: str = field(repr=False)
    system: Mapping[str, str]
    attributes: Mapping[str, MessageAttributeValueOutputTypeDef] = field(repr=False)
    facts: _Facts = field(repr=False)

    @property
    def sent_ms(self) -> int:
        """When it came here; what SQS moved on a standard queue keeps when it was first queued."""
        return int(self.system.get("SentTimestamp", "0"))

    @property
    def original_sent_ms(self) -> int:
        """When it was first queued; of what SQS moved on a FIFO queue, when it came here."""
        first = self.attribute("OriginalSentTimestamp")
        return int(first) if first.isascii() and first.isdigit() else self.sent_ms

    @property
    def original_sequence(self) -> str:
        """Its number within its first millisecond; blank on a standard queue."""
        return self.attribute("OriginalSequenceNumber") or self.system.get("SequenceNumber", "")

    @property
    def original_id(self) -> str:
        """The first id that SQS gave it."""
        return self.attribute("OriginalMessageId") or self.id

    @property
    def group(self) -> str:
        """Its message group; blank on a standard queue."""
        return self.attribute("OriginalMessageGroupId") or self.system.get("MessageGroupId", "")

    @property
    def reason(self) -> str:
        """Why it is here."""
        return self.attribute("Reason") or self.facts.reason or MOVED_BY_SQS

    @property
    def sender(self) -> str:
        """Who wrote, as the logs show it; blank when the dead letter does not say."""
        return mask(self.facts.sender_id) if self.facts.sender_id else ""

    @property
    def identity(self) -> str:
        """What stays the same when a function sends it here a second time."""
        if self.queue == queues.MESSAGES:
            return self.original_id
        known = f"{self.facts.sender_id}\n{self.facts.message_id}".strip()
        return known or hashlib.sha256(self.body.encode("utf-8", "replace")).hexdigest()

    def has_id(self, id: str) -> bool:
        """Say whether an id, or the beginning of one, means this dead letter."""
        return bool(id) and self.id.startswith(id)

    def attribute(self, name: str) -> str:
        """Return a text attribute, or nothing."""
        value = self.attributes.get(name)
        return value.get("StringValue", "") if value else ""

    def as_json(self, with_body: bool = False) -> dict[str, Any]:
        """Return what a program wants to know; the sender stays masked unless the body shows."""
        shown = {
            "queue": self.queue,
            "id": self.id,
            "reason": self.reason,
            "sent_ms": self.sent_ms,
            "sender": self.sender or None,
            "message_id": self.facts.message_id or None,
            "group": (self.group if with_body else self.group and mask(self.group)) or None,
            "original_message_id": self.original_id,
            "original_sent_ms": self.original_sent_ms,
            "original_sequence": self.original_sequence or None,
            "receive_count": self.attribute("ReceiveCount") or None,
            "body_characters": len(self.body),
        }
        return {**shown, "body": self.body} if with_body else shown


def read_dead_letter(queue: str, raw: MessageTypeDef) -> DeadLetter:
    """Read a received message; odd bodies say less, but never fail."""
    body = raw.get("Body", "")
    return DeadLetter(
        queue=queue,
        id=raw.get("MessageId", ""),
        handle=raw.get("ReceiptHandle", ""),
        body=body,
        system={str(name): value for name, value in raw.get("Attributes", {}).items()},
        attributes=raw.get("MessageAttributes", {}),
        facts=_READERS[queue](body),
    )


def _read_form(body: str) -> _Facts:
    """Read a webhook body."""
    message = read_message(body)
    return _Facts(message.sender_id, message.message_id)


def _read_retry(body: str) -> _Facts:
    """Read a retry record."""
    fields = read_object(body)
    return _Facts(as_text(fields.get("sender_id")), as_text(fields.get("message_id")))


def _read_invocation(body: str) -> _Facts:
    """Read what Lambda says about the batch it stopped retrying."""
    fields = read_object(body)
    condition = as_mapping(fields.get("requestContext")).get("condition")
    error = as_mapping(fields.get("responseContext")).get("functionError")
    return _Facts(reason=": ".join(str(part) for part in (condition, error) if part))


def read_object(text: str) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    try:
        return as_mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


_READERS = {
    queues.MESSAGES: _read_form,
    queues.REPLIES: _read_retry,
    queues.STREAM: _read_invocation,
}
