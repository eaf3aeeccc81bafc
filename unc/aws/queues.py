"""Queues: their depth, and sending to them in batches.

The counts of a queue are approximate, on AWS by up to a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumer.aws.sqs import pack
from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Depth:
    """Messages that wait, that a function holds, and that are not due yet.

    `hidden_seconds`: after so long a message in flight shows again, whoever held it has died.
    """

    waiting: int
    in_flight: int
    delayed: int
    hidden_seconds: int = 0

    def is_empty(self) -> bool:
        """Say whether nothing is in the queue at all."""
        return self.waiting == self.in_flight == self.delayed == 0


def read_depth(aws: Aws, queue: str) -> Depth:
    """Ask one queue for its counts."""
    found = aws.sqs.get_queue_attributes(
        QueueUrl=queue,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
            "VisibilityTimeout",
        ],
    ).get("Attributes", {})
    return Depth(
        waiting=int(found.get("ApproximateNumberOfMessages", "0")),
        in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", "0")),
        delayed=int(found.get("ApproximateNumberOfMessagesDelayed", "0")),
        hidden_seconds=int(found.get("VisibilityTimeout", "0")),
    )


@dataclass(frozen=True)
class _SentBatch:
    """The result of one call, by the number of each entry: ids that SQS gave, and refusals."""

    accepted: dict[int, str]
    refused: dict[int, str]


def send_batches(
    sqs: SQSClient, url: str, entries: Sequence[Mapping[str, Any]]
) -> Iterator[_SentBatch]:
    """Send entries in order, in as few calls as hold them; yields each call's result."""
    for part in pack([(str(number), dict(entry)) for number, entry in enumerate(entries)]):
        batch: list[Any] = [entry | {"Id": number} for number, entry in part]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=batch)
        yield _SentBatch(
            {int(each["Id"]): each["MessageId"] for each in answer["Successful"]},
            {
                int(each["Id"]): each.get("Message") or each["Code"]
                for each in answer.get("Failed", [])
            },
        )
