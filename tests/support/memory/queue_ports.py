"""The queues that the core sends to, in the in-memory world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import TypeVar

from consumer.conversation.batch import RejectedRecord
from consumer.intake.queue_message import QueueMessage
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.retry_queue import whole_delay
from consumer.notification.retry_record import retry_body
from tests.support.memory.observer import Observer
from tests.support.memory.queues import FifoQueue, Message, StandardQueue
from tests.support.memory.wire import Call, Wire

T = TypeVar("T")

MAX_ENTRIES = 10


def send_batches(
    wire: Wire, site: str, entries: Mapping[str, T], send: Callable[[T], None]
) -> set[str]:
    """SendMessageBatch, ten a call, all at once; gives the keys of those known to have arrived."""
    return _send_parts(wire, site, entries, send, list(_ten_a_call(entries)))


def send_in_order(
    wire: Wire, site: str, entries: Mapping[str, T], send: Callable[[T], None]
) -> set[str]:
    """The same, no call before the one in front of it is done."""
    parts = _ten_a_call(entries)
    return {key for part in parts for key in _send_parts(wire, site, entries, send, [part])}


def _ten_a_call(entries: Mapping[str, T]) -> Iterable[list[str]]:
    keys = list(entries)
    return (keys[start : start + MAX_ENTRIES] for start in range(0, len(keys), MAX_ENTRIES))


def _send_parts(
    wire: Wire,
    site: str,
    entries: Mapping[str, T],
    send: Callable[[T], None],
    wanted: Iterable[list[str]],
) -> set[str]:
    parts, calls = [], []
    for part in wanted:
        failed = wire.leaves_out(site, part)
        parts.append([key for key in part if key not in failed])
        act = partial(_send_all, send, [entries[key] for key in parts[-1]])
        calls.append(Call(site, act, changes=True))
    return {
        key
        for accepted, call in zip(parts, wire.send_all(calls), strict=True)
        for key in accepted
        if call.error is None
    }


class MemoryIntakeQueue:
    """The queue of webhook bodies; a repetition within five minutes arrives once."""

    def __init__(
        self,
        queue: FifoQueue,
        wire: Wire,
        on_accept: Callable[[object, Message | None], None] = lambda process, message: None,
    ) -> None:
        self._queue = queue
        self._wire = wire
        self._on_accept = on_accept

    def send(self, message: QueueMessage) -> None:
        """SendMessage; raises Unavailable and Died."""
        self._wire.write("intake.send", partial(self._send, self._wire.process, message))

    def _send(self, process: object, message: QueueMessage) -> None:
        sent = self._queue.send_once(message.deduplication_id, message.body, message.group_id, {})
        self._on_accept(process, sent)


class MemoryDeadLetterQueue:
    """The dead-letter queue of bodies; a repetition within five minutes arrives once."""

    def __init__(self, queue: FifoQueue, wire: Wire, observer: Observer) -> None:
        self._queue = queue
        self._wire = wire
        self._observer = observer

    def quarantine(self, rejected: Sequence[RejectedRecord]) -> set[str]:
        """Send bodies with reason and first place."""
        entries = {each.record.id: each for each in rejected}
        send = partial(self._send, self._wire.process)
        return send_in_order(self._wire, "dead_letters.send", entries, send)

    def _send(self, process: object, rejected: RejectedRecord) -> None:
        record = rejected.record
        body = record.body if isinstance(record.body, str) and record.body else "(none)"
        digest = sha256(record.id.encode("utf-8", "replace")).hexdigest()
        attributes = {
            "Reason": rejected.reason,
            "OriginalMessageId": record.original_id,
            "OriginalSentTimestamp": str(record.sent_ms),
            "OriginalSequenceNumber": record.sequence,
            "OriginalMessageGroupId": record.group_id,
            "ReceiveCount": str(record.receive_count),
        }
        present = {name: value for name, value in attributes.items() if value}
        self._queue.send_once(digest, body, record.group_id or "quarantine", present)
        self._observer.quarantined(process, rejected)


class MemoryRetryQueue:
    """The retry queue and its dead-letter queue."""

    def __init__(
        self, queue: StandardQueue, dead_letters: StandardQueue, wire: Wire, observer: Observer
    ) -> None:
        self._queue = queue
        self._dead_letters = dead_letters
        self._wire = wire
        self._observer = observer

    def schedule(self, notifications: Sequence[Notification], now: float) -> set[str]:
        """Send for later."""
        entries = {each.sender_id: each for each in notifications}
        send = partial(self._schedule, self._wire.process, now)
        return send_batches(self._wire, "retry_queue.schedule", entries, send)

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send to the end."""
        entries = {each.id: each for each in rejected}
        send = partial(self._dead_letter, self._wire.process)
        return send_batches(self._wire, "retry_queue.dead_letter", entries, send)

    def _schedule(self, process: object, now: float, notification: Notification) -> None:
        delay = whole_delay((notification.wake_at or now) - now)
        self._queue.send(retry_body(notification), delay=delay)
        self._observer.scheduled(process, notification)

    def _dead_letter(self, process: object, rejected: RejectedNotification) -> None:
        self._dead_letters.send(rejected.body or "{}", attributes={"Reason": rejected.reason})
        self._observer.dead_lettered(process, rejected)


def _send_all(send: Callable[[T], None], entries: Iterable[T]) -> None:
    for each in entries:
        send(each)
