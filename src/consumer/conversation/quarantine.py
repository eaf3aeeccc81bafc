"""Sends to the dead-letter queue what will never be stored, with its reason and its place."""

from collections.abc import Sequence

from consumer.conversation.batch import Batch, RejectedRecord
from consumer.conversation.ports import DeadLetterQueue
from consumer.conversation.store_messages import StoreResult
from consumer.retry_budget import RetryBudget


def undeliverable(
    batch: Batch, result: StoreResult, max_receive_count: int
) -> list[RejectedRecord]:
    """Messages that the table refuses for good, or that failed at their last receive.

    SQS would move the latter by itself, and drop their reason and their place.
    """
    failed = [(r, m) for r, m in batch.messages if not result.has(m.key)]
    why = ", ".join(sorted(set(result.problems))) or "out of time"
    rejected = []
    for record, message in failed:
        if message.key in result.refused:
            reason = f"the table refuses it: {result.refused[message.key]}"
            rejected.append(RejectedRecord(record, reason))
        elif record.receive_count >= max_receive_count:
            reason = f"not stored after {record.receive_count} receives: {why}"
            rejected.append(RejectedRecord(record, reason))
    return rejected


def quarantine(
    rejected: Sequence[RejectedRecord], queue: DeadLetterQueue, budget: RetryBudget
) -> set[str]:
    """Send records to the dead-letter queue; gives the ids of those known to have arrived.

    One try is made however little time is left: after its last receive a message that
    was not moved here is moved by SQS, and then without its reason and its place.
    """
    left, arrived = list(rejected), set[str]()
    while left:
        arrived |= queue.quarantine(left)
        left = [each for each in left if each.record.id not in arrived]
        if left and not budget.pause():
            break
    return arrived
