"""Put bodies onto the queue, ten a call, as a producer of webhooks would."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace

from consumer.webhook.address import parse_address
from unc.aws.queues import send_batches
from unc.aws.session import Aws
from unc.errors import BadInput, UncError
from unc.messages.message import Message, write_message
from unc.messages.sender import read_address

_MOST_MESSAGES = 100_000
ONE_GROUP = "webhook_group"
_GROUP_MAX_CHARACTERS = 128
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
    entries = [make_entry(message, one_group) for message in messages]
    sent: list[Message] = []
    for batch in send_batches(aws.sqs, queue, entries):
        if batch.refused:
            count = len(batch.refused) + len(batch.accepted)
            reason = next(iter(batch.refused.values()))
            raise UncError(f"the queue refused {len(batch.refused)} of {count} messages: {reason}")
        sent += [_with_id(messages[n], batch.accepted[n]) for n in sorted(batch.accepted)]
    return sent


def _with_id(message: Message, given: str) -> Message:
    """Name a message by its own id, else by the one that SQS gave it, as the functions do."""
    return message if message.message_id else replace(message, message_id=given)


def make_entry(message: Message, one_group: bool) -> dict[str, str]:
    """Give each message a random deduplication id, as today's producer does."""
    return {
        "MessageBody": message.body,
        "MessageGroupId": ONE_GROUP if one_group else group_of(message),
        "MessageDeduplicationId": uuid.uuid4().hex,
    }


def group_of(message: Message) -> str:
    """One message group a sender, so that senders do not wait for each other."""
    sender = message.sender_id or ONE_GROUP
    if len(sender) <= _GROUP_MAX_CHARACTERS and sender.isascii() and " " not in sender:
        return sender
    return hashlib.sha256(sender.encode()).hexdigest()


def write_messages(address: str, text: str, count: int, senders: int) -> list[Message]:
    """Write `count` texts, dealt out in turn to as many senders; raises BadInput on nonsense."""
    address = read_address(address)
    if not parse_address(address).id:
        raise BadInput("--from is empty", f"for example: --from {DEFAULT_ADDRESS}")
    if count < 1 or senders < 1:
        raise BadInput("--count and --senders start at 1")
    if count > _MOST_MESSAGES:
        raise BadInput(f"--count goes up to {_MOST_MESSAGES:,}", "send the rest in further runs")
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
