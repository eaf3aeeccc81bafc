"""The clients of SQS: receive, remove, release dead letters, and send them back.

A FIFO queue shows no more of a message group while some of it are out of sight, and at most ten of
a group at a time: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from unc.aws.queues import send_batches
from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter, read_dead_letter
from unc.dlq.queues import DeadLetterQueue

_ENTRIES_PER_CALL = 10
# Long enough for a page to be sent and removed; after a crash it shows again by itself.
_HIDDEN_SECONDS = 30
# Asks every server of a standard queue; a shorter poll may miss what is there.
_WAIT_SECONDS = 1


Entry = Mapping[str, Any]


class QueueClient(Protocol):
    """The port to a dead-letter queue. Each call is one try."""

    def receive(self) -> list[DeadLetter]:
        """Hide up to ten dead letters, of a group in order; empty when none is visible."""

    def remove(self, dead_letters: Sequence[DeadLetter]) -> set[str]:
        """Delete for good; gives the ids of those that are gone."""

    def release(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Let dead letters show again at once; what fails shows a little later by itself."""


class BatchSender(Protocol):
    """The port to the queue that dead letters go back to."""

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send in the order given; gives the numbers of the entries that were refused, and why."""


class SqsQueueClient:
    """A dead-letter queue on SQS."""

    def __init__(self, aws: Aws, queue: DeadLetterQueue, hidden_seconds: int = _HIDDEN_SECONDS):
        self._sqs = aws.sqs
        self._queue = queue
        self._hidden_seconds = hidden_seconds

    def receive(self) -> list[DeadLetter]:
        """Receive a page."""
        found = self._sqs.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=_ENTRIES_PER_CALL,
            VisibilityTimeout=self._hidden_seconds,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [read_dead_letter(self._queue.name, raw) for raw in found.get("Messages", [])]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> set[str]:
        """Delete; a dead letter whose handle has run out stays."""
        gone: set[str] = set()
        for page in _pages(dead_letters):
            done = self._sqs.delete_message_batch(
                QueueUrl=self._queue.url,
                Entries=[{"Id": str(n), "ReceiptHandle": one.handle} for n, one in enumerate(page)],
            )
            gone |= {page[int(each["Id"])].id for each in done.get("Successful", [])}
        return gone

    def release(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Set the visibility back; done on the way out, so it covers up no other error."""
        with contextlib.suppress(BotoCoreError, ClientError):
            for page in _pages(dead_letters):
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._queue.url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": one.handle, "VisibilityTimeout": 0}
                        for n, one in enumerate(page)
                    ],
                )


class SqsBatchSender:
    """A queue on SQS."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._sqs = aws.sqs
        self._url = url

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send in batches."""
        refused: dict[int, str] = {}
        for batch in send_batches(self._sqs, self._url, entries):
            refused |= batch.refused
        return refused


def _pages(dead_letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    """Cut into as many as a call takes."""
    for start in range(0, len(dead_letters), _ENTRIES_PER_CALL):
        yield dead_letters[start : start + _ENTRIES_PER_CALL]
