"""The queues we send to: the dead-letter queue of bodies, the retry queue and its own.

Limits: ten entries and 1 MiB a SendMessageBatch, DelaySeconds up to 900,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from consumer.aws.client import AwsClient
from consumer.errors import Refused, Unavailable

MAX_ENTRIES = 10
MAX_BATCH_BYTES = 1_000_000

Problem = Callable[[str], None]
Entry = dict[str, Any]
Part = list[tuple[str, Entry]]


class SqsSender:
    """SendMessageBatch in as few calls as hold the entries."""

    def __init__(self, client: AwsClient, on_problem: Problem) -> None:
        self._client = client
        self._on_problem = on_problem

    def send(self, url: str, entries: Mapping[str, Entry]) -> set[str]:
        """Send entries by key, all calls at once; gives the keys of those that SQS says it has."""
        return self._send(url, pack(list(entries.items())))

    def send_in_order(self, url: str, entries: Mapping[str, Entry]) -> set[str]:
        """Send entries to a FIFO queue, no call before the one in front of it is done."""
        parts = pack(list(entries.items()))
        return {key for part in parts for key in self._send(url, [part])}

    def _send(self, url: str, parts: Iterable[Part]) -> set[str]:
        under_way = []
        for part in parts:
            keys = {str(number): key for number, (key, _) in enumerate(part)}
            batch = [{"Id": str(number), **entry} for number, (_, entry) in enumerate(part)]
            request = {"QueueUrl": url, "Entries": batch}
            finish = self._client.start("sqs", "AmazonSQS.SendMessageBatch", request)
            under_way.append((keys, finish))
        sent = ((keys, self._accepted(finish)) for keys, finish in under_way)
        return {keys[each] for keys, accepted in sent for each in accepted if each in keys}

    def _accepted(self, finish: Callable[[], dict[str, Any]]) -> list[str]:
        """Wait for one call; gives the ids of the entries that were taken."""
        try:
            answer = finish()
        except (Unavailable, Refused) as error:
            self._on_problem(f"SendMessageBatch:{error.code}")
            return []
        for failed in answer.get("Failed") or []:
            self._on_problem(f"SendMessageBatch:{failed.get('Code')}")
        return [str(each.get("Id")) for each in answer.get("Successful") or []]


def string_attributes(values: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


def pack(entries: Part) -> Iterable[Part]:
    """Split keyed entries, in order, into as few calls as hold them; a part is never empty."""
    packed: Part = []
    size = 0
    for key, entry in entries:
        own = _bytes(entry)
        if packed and (len(packed) == MAX_ENTRIES or size + own > MAX_BATCH_BYTES):
            yield packed
            packed, size = [], 0
        packed.append((key, entry))
        size += own
    if packed:
        yield packed


def _bytes(entry: Entry) -> int:
    return 2048 + len(entry["MessageBody"].encode("utf-8", "replace"))
