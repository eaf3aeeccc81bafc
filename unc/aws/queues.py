"""How full a queue is. The counts are approximate, on AWS by up to a minute."""

from __future__ import annotations

from dataclasses import dataclass

from unc.aws.session import Aws


@dataclass(frozen=True)
class Depth:
    """Messages that wait, that a function holds, and that are not due yet."""

    waiting: int
    in_flight: int
    delayed: int

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
        ],
    ).get("Attributes", {})
    return Depth(
        waiting=int(found.get("ApproximateNumberOfMessages", "0")),
        in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", "0")),
        delayed=int(found.get("ApproximateNumberOfMessagesDelayed", "0")),
    )
