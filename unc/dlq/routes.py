"""The way back of each kind of dead letter.

Messages keep group and order, and their first place travels with them and wins. Retry records go
as they are. A stream position becomes a retry record for each sender that it holds messages of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from consumer.notification.notification import Notification, newest_per_sender
from consumer.notification.retry_record import retry_body
from unc.aws.session import Aws
from unc.dlq import queues
from unc.dlq.dead_letter import DeadLetter, read_object
from unc.dlq.queue_client import BatchSender, Entry, SqsBatchSender
from unc.dlq.queues import DeadLetterQueue
from unc.dlq.stream_position import Forgotten, read_notifications, read_position
from unc.terminal import clock, day

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient
    from types_boto3_sqs.type_defs import (
        MessageAttributeValueOutputTypeDef,
        MessageAttributeValueTypeDef,
    )

_ATTRIBUTES_PER_MESSAGE = 10
# These belong to one stay in a dead-letter queue, not to the message.
_LEFT_BEHIND = ("Reason", "ReceiveCount")


class Route(Protocol):
    """How dead letters of one queue get their second try."""

    def send(self, dead_letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Put them on their way in order; gives the ids of those that stay, and why."""

    def preview(self, dead_letter: DeadLetter) -> str:
        """Say what sending would do, doing nothing."""


def route_of(aws: Aws, queue: DeadLetterQueue) -> Route:
    """Return the way back of a queue's dead letters."""
    batch_sender = SqsBatchSender(aws, queue.back_to)
    if queue.name == queues.MESSAGES:
        return MessageRoute(batch_sender)
    if queue.name == queues.REPLIES:
        return ReplyRoute(batch_sender)
    return StreamRoute(batch_sender, aws.streams)


class MessageRoute:
    """Webhook bodies go back to the queue they came from."""

    def __init__(self, batch_sender: BatchSender) -> None:
        self._batch_sender = batch_sender

    def send(self, dead_letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Send bodies with their first place."""
        refused = self._batch_sender.send([_message_entry(each) for each in dead_letters])
        return {dead_letters[number].id: why for number, why in refused.items()}

    def preview(self, dead_letter: DeadLetter) -> str:
        """Name the place it takes."""
        seconds = dead_letter.original_sent_ms / 1000
        return f"to its place of {day(seconds)[:10]} {clock(seconds)}"


class ReplyRoute:
    """Retry records go to the retry queue as they are: each allows one more attempt."""

    def __init__(self, batch_sender: BatchSender) -> None:
        self._batch_sender = batch_sender

    def send(self, dead_letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Send the records."""
        refused = self._batch_sender.send([_plain_entry(each.body) for each in dead_letters])
        return {dead_letters[number].id: why for number, why in refused.items()}

    def preview(self, dead_letter: DeadLetter) -> str:
        """Name the attempt it allows."""
        attempt = read_object(dead_letter.body).get("attempt")
        return f"attempt {attempt} at notifying" if attempt else "back as it is; it cannot be read"


class StreamRoute:
    """The records are read from the stream again and become retry records."""

    def __init__(self, batch_sender: BatchSender, streams: DynamoDBStreamsClient) -> None:
        self._batch_sender = batch_sender
        self._streams = streams

    def send(self, dead_letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Send the notifications of each position; it stays when any of them was refused."""
        return {
            dead_letter.id: why
            for dead_letter in dead_letters
            if (why := self._send_one(dead_letter))
        }

    def _send_one(self, dead_letter: DeadLetter) -> str:
        """Send the notifications of one position; return why it stays, or nothing."""
        notifications, problem = self._read(dead_letter)
        refused = self._batch_sender.send(
            [_plain_entry(retry_body(each)) for each in notifications]
        )
        return problem or next(iter(refused.values()), "")

    def preview(self, dead_letter: DeadLetter) -> str:
        """Count what is still there."""
        notifications, problem = self._read(dead_letter)
        return (
            problem or f"notifications of {len(notifications)} sender(s) to the reply retry queue"
        )

    def _read(self, dead_letter: DeadLetter) -> tuple[list[Notification], str]:
        """Read the newest notification of each sender in the batch, or say why not."""
        position = read_position(dead_letter.body)
        if position is None:
            return [], "it names no position in a stream"
        try:
            newest = newest_per_sender(read_notifications(self._streams, position))
            return list(newest.values()), ""
        except Forgotten:
            return (
                [],
                "the stream dropped its records after 24 hours; unc dlq show looks for the chats",
            )


def _message_entry(dead_letter: DeadLetter) -> Entry:
    """Write the message as it goes back.

    The deduplication id is made from the dead letter's own id: a run that died between sending and
    deleting repeats it, and the queue drops the repetition. A message that lands here anew after
    a redrive has a new id, so it is not mistaken for one.
    """
    return {
        "MessageBody": dead_letter.body,
        "MessageGroupId": dead_letter.group,
        "MessageDeduplicationId": f"redrive-{dead_letter.id}",
        "MessageAttributes": _travelling(dead_letter),
    }


def _travelling(dead_letter: DeadLetter) -> dict[str, MessageAttributeValueTypeDef]:
    """The first place, and what the producer gave it as far as there is room."""
    place = {
        "OriginalMessageId": dead_letter.original_id,
        "OriginalSentTimestamp": str(dead_letter.original_sent_ms),
        "OriginalSequenceNumber": dead_letter.original_sequence,
        "OriginalMessageGroupId": dead_letter.group,
    }
    kept: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": value} for name, value in place.items() if value
    }
    for name, value in dead_letter.attributes.items():
        if name not in (*_LEFT_BEHIND, *place) and len(kept) < _ATTRIBUTES_PER_MESSAGE:
            kept[name] = _as_sent(value)
    return kept


def _as_sent(value: MessageAttributeValueOutputTypeDef) -> MessageAttributeValueTypeDef:
    """An attribute as it was received, for sending."""
    if "BinaryValue" in value:
        return {"DataType": value["DataType"], "BinaryValue": value["BinaryValue"]}
    return {"DataType": value["DataType"], "StringValue": value.get("StringValue", "")}


def _plain_entry(body: str) -> Entry:
    """An entry of a standard queue."""
    return {"MessageBody": body}
