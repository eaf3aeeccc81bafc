"""A dead-letter queue and a queue in memory, with SQS's rules and a clock that only tests move."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from unc.dlq.dead_letter import DeadLetter, read_dead_letter

NOW_MS = 1_795_000_000_000
HIDDEN_MS = 30_000
DEDUPLICATION_MS = 300_000

STREAM = "arn:aws:dynamodb:eu-central-1:111111111111:table/chats/stream/2026"


@dataclass
class Clock:
    """Epoch milliseconds; moves when told to."""

    now: int = NOW_MS

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass
class Lying:
    """A message in the fake, and until when it is out of sight."""

    raw: dict[str, Any]
    group: str
    hidden_until: int = 0
    handle: str = ""


@dataclass
class FakeQueueClient:
    """A LetterBox; FIFO when dead letters have groups: one page of a group at a time, in order."""

    queue: str = "messages"
    clock: Clock = field(default_factory=Clock)
    lying: list[Lying] = field(default_factory=list)
    receives: int = 0
    most_hidden: int = 0
    numbers: int = 0

    def put(
        self, body: str, group: str = "", sent_ms: int | None = None, **attributes: str
    ) -> DeadLetter:
        """Lay a dead letter down, as SQS would on a send."""
        self.numbers += 1
        system = {
            "SentTimestamp": str(self.clock.now if sent_ms is None else sent_ms),
            "SequenceNumber": f"{self.numbers:020d}",
        }
        raw = {
            "MessageId": f"letter-{self.numbers:06d}",
            "Body": body,
            "Attributes": {**system, "MessageGroupId": group} if group else system,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        }
        self.lying.append(Lying(raw, group))
        return read_dead_letter(self.queue, raw)  # type: ignore[arg-type]

    @property
    def bodies(self) -> list[str]:
        return [one.raw["Body"] for one in self.lying]

    @property
    def hidden(self) -> list[Lying]:
        return [one for one in self.lying if one.hidden_until > self.clock.now]

    def receive(self) -> list[DeadLetter]:
        self.receives += 1
        busy = {one.group for one in self.hidden if one.group}
        seen = (one for one in self.lying if one.hidden_until <= self.clock.now)
        free = list(islice((one for one in seen if one.group not in busy), 10))
        for one in free:
            one.handle = f"{one.raw['MessageId']}/{self.receives}"
            one.hidden_until = self.clock.now + HIDDEN_MS
        self.most_hidden = max(self.most_hidden, len(self.hidden))
        return [
            read_dead_letter(self.queue, {**one.raw, "ReceiptHandle": one.handle})  # type: ignore[typeddict-item]
            for one in free
        ]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> set[str]:
        handles = {dead_letter.handle for dead_letter in dead_letters}
        gone = [one for one in self.hidden if one.handle in handles]
        ids = {one.raw["MessageId"] for one in gone}
        self.lying = [one for one in self.lying if one.raw["MessageId"] not in ids]
        return ids

    def release(self, dead_letters: Sequence[DeadLetter]) -> None:
        handles = {dead_letter.handle for dead_letter in dead_letters}
        for one in self.lying:
            if one.handle in handles:
                one.hidden_until = 0


@dataclass
class FakeBatchSender:
    """An Outbox that keeps what it was sent, and drops what SQS would drop as sent before."""

    clock: Clock = field(default_factory=Clock)
    sent: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0
    refuses: Callable[[dict[str, Any]], str] = lambda entry: ""
    after_send: Callable[[dict[str, Any]], None] = lambda entry: None
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def send(self, entries: Sequence[Any]) -> dict[int, str]:
        refused = {n: why for n, entry in enumerate(entries) if (why := self.refuses(entry))}
        for number, entry in enumerate(entries):
            if number not in refused:
                self.take(dict(entry))
        return refused

    def take(self, entry: dict[str, Any]) -> None:
        key = (entry.get("MessageGroupId", ""), entry.get("MessageDeduplicationId", ""))
        if key[1] and self.clock.now < self.seen.get(key, 0):
            self.dropped += 1
            return
        self.seen[key] = self.clock.now + DEDUPLICATION_MS
        self.sent.append(entry)
        self.after_send(entry)

    @property
    def bodies(self) -> list[str]:
        return [entry["MessageBody"] for entry in self.sent]


class Died(Exception):
    """The process is gone: nothing more is done, not even what would be done on the way out."""


class Mortal:
    """Counts calls to a box and an outbox, and dies at one of them: before it or after it."""

    def __init__(
        self, client: FakeQueueClient, batch_sender: FakeBatchSender, at: int, after: bool
    ) -> None:
        self.client, self.batch_sender = client, batch_sender
        self.at, self.after = at, after
        self.calls = 0

    def _call(self, act: Callable[[Any], Any], argument: Any = None) -> Any:
        self.calls += 1
        if self.calls > self.at or (self.calls == self.at and not self.after):
            raise Died
        result = act(argument)
        if self.calls == self.at:
            raise Died
        return result

    def receive(self) -> list[DeadLetter]:
        return self._call(lambda _: self.client.receive())  # type: ignore[no-any-return]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> set[str]:
        return self._call(self.client.remove, dead_letters)  # type: ignore[no-any-return]

    def release(self, dead_letters: Sequence[DeadLetter]) -> None:
        self._call(self.client.release, dead_letters)

    def send(self, entries: Sequence[Any]) -> dict[int, str]:
        return self._call(self.batch_sender.send, entries)  # type: ignore[no-any-return]


def record_of(entry: dict[str, Any], sent_ms: int = NOW_MS, number: int = 1) -> dict[str, Any]:
    """The SQS record that Lambda makes of a sent entry."""
    return {
        "messageId": f"new-{number}",
        "body": entry["MessageBody"],
        "attributes": {
            "SentTimestamp": str(sent_ms),
            "SequenceNumber": f"{number:020d}",
            "MessageGroupId": entry.get("MessageGroupId", ""),
            "ApproximateReceiveCount": "1",
        },
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value["StringValue"]}
            for name, value in entry.get("MessageAttributes", {}).items()
        },
    }


def position_body(first: int = 11, last: int = 15) -> str:
    """A note of Lambda's in the stream-failure queue: a part of a shard."""
    info = {
        "shardId": "shard-1",
        "startSequenceNumber": f"{first:030d}",
        "endSequenceNumber": f"{last:030d}",
        "approximateArrivalOfFirstRecord": "2026-11-22T10:00:00Z",
        "approximateArrivalOfLastRecord": "2026-11-22T10:00:03Z",
        "batchSize": 5,
        "streamArn": STREAM,
    }
    return json.dumps({"version": "1.0", "DDBStreamBatchInfo": info})
