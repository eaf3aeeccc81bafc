"""Sending to a queue in as few calls as hold the entries, in the order given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from unc.aws.session import Aws

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

ENTRIES_PER_CALL = 10
# A call holds 1 MiB; attributes and what is around them take the rest.
BODY_BYTES_PER_CALL = 1_000_000

Part = list[tuple[int, "Entry"]]


class Outbox(Protocol):
    """The port."""

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send; gives the numbers of the entries that were refused, and why."""


class SqsOutbox:
    """One queue on SQS."""

    def __init__(self, aws: Aws, url: str) -> None:
        self.sqs = aws.sqs
        self.url = url

    def send(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Send ten a call."""
        refused: dict[int, str] = {}
        for part in parts(entries):
            numbered = [entry | {"Id": str(number)} for number, entry in part]
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=numbered)
            for failed in answer.get("Failed", []):
                refused[int(failed["Id"])] = failed.get("Message") or failed["Code"]
        return refused


def parts(entries: Sequence[Entry]) -> Iterator[Part]:
    """Cut by number and size; a part is never empty."""
    part: Part = []
    size = 0
    for number, entry in enumerate(entries):
        own = len(entry["MessageBody"].encode("utf-8", "replace"))
        if part and (len(part) == ENTRIES_PER_CALL or size + own > BODY_BYTES_PER_CALL):
            yield part
            part, size = [], 0
        part.append((number, entry))
        size += own
    if part:
        yield part
