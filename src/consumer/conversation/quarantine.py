"""Sends to the dead-letter queue what will never be stored, with its reason and its place."""

from collections.abc import Sequence

from consumer.conversation.batch import Batch, RejectedRecord
from consumer.conversation.ports import DeadLetterQueue
from consumer.conversation.store_messages import StoreResult
from consumer.retry_budget import RetryBudget


def undeliverable(batch: Batch, result: StoreResult) -> list[RejectedRecord]:
    """Messages that the table refuses for good, each with the reason.

    The error alone decides. Receives do not count: an outage or a missing container uses them up
    too, and then this code may never have seen the message.
    """
    return [
        RejectedRecord(record, f"the table refuses it: {result.refused[message.key]}")
        for record, message in batch.messages
        if message.key in result.refused and not result.has(message.key)
    ]


def quarantine(
    rejected: Sequence[RejectedRecord], queue: DeadLetterQueue, budget: RetryBudget
) -> set[str]:
    """Send records to the dead-letter queue; gives the ids of those known to have arrived.

    One try is made however little time is left. What did not arrive comes again from the queue.
    """
    left, arrived = list(rejected), set[str]()
    while left:
        arrived |= queue.quarantine(left)
        left = [each for each in left if each.record.id not in arrived]
        if left and not budget.pause():
            break
    return arrived
