"""Put bodies onto the queue, ten a call, as a producer of webhooks would."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from unc.aws.session import Aws
from unc.errors import BadInput, UncError
from unc.messages.message import Message, bare_address, write_message

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

ENTRIES_PER_CALL = 10
MOST_MESSAGES = 100_000
ONE_GROUP = "webhook_group"
GROUP_MAX_CHARACTERS = 128
DEFAULT_ADDRESS = "whatsapp:+4915555550199"


def send_messages(
    aws: Aws,
    queue: str,
    messages: Sequence[Message],
    one_group: bool = False,
) -> list[Message]:
    """Send in the order given; return the messages with the ids that they will be stored under.

    Raises UncError when the queue takes only a part.
    """
    sent: list[Message] = []
    for start in range(0, len(messages), ENTRIES_PER_CALL):
        chunk = messages[start : start + ENTRIES_PER_CALL]
        entries = [make_entry(i, message, one_group) for i, message in enumerate(chunk)]
        answer = aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if refused := answer.get("Failed", []):
            reason = refused[0].get("Message", refused[0]["Code"])
            raise UncError(f"the queue refused {len(refused)} of {len(chunk)} messages: {reason}")
        given = {each["Id"]: each["MessageId"] for each in answer["Successful"]}
        sent += [with_id(message, given[str(i)]) for i, message in enumerate(chunk)]
    return sent


def with_id(message: Message, given: str) -> Message:
    """Name a message by its own id, else by the one that SQS gave it, as the functions do."""
    return message if message.message_id else replace(message, message_id=given)


def make_entry(
    index: int, message: Message, one_group: bool
) -> SendMessageBatchRequestEntryTypeDef:
    """Give each message a random deduplication id, as today's producer does."""
    return {
        "Id": str(index),
        "MessageBody": message.body,
        "MessageGroupId": ONE_GROUP if one_group else group_of(message),
        "MessageDeduplicationId": uuid.uuid4().hex,
    }


def group_of(message: Message) -> str:
    """One message group a sender, so that senders do not wait for each other."""
    sender = message.sender_id or ONE_GROUP
    if len(sender) <= GROUP_MAX_CHARACTERS and sender.isascii() and " " not in sender:
        return sender
    return hashlib.sha256(sender.encode()).hexdigest()


def write_messages(address: str, text: str, count: int, senders: int) -> list[Message]:
    """Write `count` texts, dealt out in turn to as many senders; raises BadInput on nonsense."""
    if not bare_address(address):
        raise BadInput("--from is empty", f"for example: --from {DEFAULT_ADDRESS}")
    if count < 1 or senders < 1:
        raise BadInput("--count and --senders start at 1")
    if count > MOST_MESSAGES:
        raise BadInput(f"--count goes up to {MOST_MESSAGES:,}", "send the rest in further runs")
    if senders > count:
        raise BadInput(f"{senders} senders need at least {senders} messages", "raise --count")
    if count == 1:
        return [write_message(address, text)]
    return [
        write_message(neighbour(address, number % senders), f"{text} {number + 1}/{count}")
        for number in range(count)
    ]


def neighbour(address: str, offset: int) -> str:
    """Return the address some numbers further on, of the same length where it ends in digits."""
    head = address.rstrip("0123456789")
    digits = address[len(head) :]
    if not digits:
        return f"{address}{offset}" if offset else address
    return f"{head}{(int(digits) + offset) % 10 ** len(digits):0{len(digits)}d}"
