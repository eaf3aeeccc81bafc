"""Sending dead letters back, in as few calls as hold them, in the order given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from unc.aws.queues import send_batches
from unc.aws.session import Aws

Entry = Mapping[str, Any]


class BatchSender(Protocol):
    """The port."""

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send; gives the numbers of the entries that were refused, and why."""


class SqsBatchSender:
    """One queue on SQS."""

    def __init__(self, aws: Aws, url: str) -> None:
        self.sqs = aws.sqs
        self.url = url

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send in batches."""
        refused: dict[int, str] = {}
        for batch in send_batches(self.sqs, self.url, entries):
            refused |= batch.refused
        return refused
