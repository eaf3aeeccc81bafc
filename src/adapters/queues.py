"""The queues we send to: the dead-letter queue of bodies, the retry queue of news and its own.

Limits: ten entries and 1 MiB a SendMessageBatch, DelaySeconds up to 900,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from adapters.aws import AwsClient
from domain.batches import Rejected
from domain.errors import Refused, Unavailable
from domain.news import News, RejectedNews, retry_body

MAX_ENTRIES = 10
MAX_BATCH_BYTES = 1_000_000
MAX_DELAY_SECONDS = 900
FIRST_DELAY_SECONDS = 5

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
        return self._send(url, _pack(list(entries.items())))

    def send_in_order(self, url: str, entries: Mapping[str, Entry]) -> set[str]:
        """Send entries to a FIFO queue, no call before the one in front of it is done."""
        parts = _pack(list(entries.items()))
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


class SqsDeadLetters:
    """The FIFO dead-letter queue; see DeadLetters."""

    def __init__(self, sender: SqsSender, url: str) -> None:
        self._sender = sender
        self._url = url

    def quarantine(self, rejected: Sequence[Rejected]) -> set[str]:
        """Send the bodies with their reason and their first place in the queue."""
        return self._sender.send_in_order(
            self._url, {each.record.id: _quarantined(each) for each in rejected}
        )


class SqsRetryQueue:
    """The retry queue and the queue where news ends; see RetryQueue. `random` gives 0 to 1."""

    def __init__(
        self, sender: SqsSender, url: str, dlq_url: str, random: Callable[[], float]
    ) -> None:
        self._sender = sender
        self._url = url
        self._dlq_url = dlq_url
        self._random = random

    def park(self, news: Sequence[News]) -> set[str]:
        """Queue each with a delay that doubles by attempt, half of it jitter."""
        return self._sender.send(
            self._url,
            {
                each.sender_id: {
                    "MessageBody": retry_body(each),
                    "DelaySeconds": delay_seconds(each.attempt, self._random()),
                }
                for each in news
            },
        )

    def give_up(self, rejected: Sequence[RejectedNews]) -> set[str]:
        """Send each with its reason."""
        return self._sender.send(
            self._dlq_url,
            {
                each.id: {
                    "MessageBody": each.body or "{}",
                    "MessageAttributes": _attributes({"Reason": each.reason}),
                }
                for each in rejected
            },
        )


def delay_seconds(attempt: int, random: float) -> int:
    """Seconds before the attempt (the second is the first that waits); `random` from 0 to 1."""
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS << max(0, min(attempt, 20) - 2))
    return round(longest / 2 + random * longest / 2)


def _quarantined(rejected: Rejected) -> Entry:
    record = rejected.record
    return {
        "MessageBody": record.body if isinstance(record.body, str) and record.body else "(none)",
        "MessageGroupId": record.group_id or "quarantine",
        # By the record's id now, not its first: quarantined anew after a redrive it must
        # not pass for a repetition of the message that the redrive has just removed.
        "MessageDeduplicationId": sha256(record.id.encode("utf-8", "replace")).hexdigest(),
        "MessageAttributes": _attributes(
            {
                "Reason": rejected.reason,
                "OriginalMessageId": record.original_id,
                "OriginalSentTimestamp": str(record.sent_ms),
                "OriginalSequenceNumber": record.sequence,
                "OriginalMessageGroupId": record.group_id,
                "ReceiveCount": str(record.receive_count),
            }
        ),
    }


def _attributes(values: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


def _pack(entries: Part) -> Iterable[Part]:
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
