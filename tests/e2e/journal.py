"""What the proxy saw, and which notifications have an unknown outcome because of it."""

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tests.e2e.faults import Fault, Json

POST = "POST"
NOBODY = 0


@dataclass(frozen=True)
class Exchange:
    """One call: who made it, what it said, what happened to it, what the other side answered.

    `started` and `ended` come from one count. `status` None: the other side never heard of it.
    `is_unheard`: the caller had hung up before there was an answer.
    """

    started: int
    ended: int
    worker: int
    operation: str
    request: Json
    key: str
    fault: Fault
    status: int | None
    is_unheard: bool = False

    def __str__(self) -> str:
        end = " unheard" if self.is_unheard else ""
        what = f"{self.operation} {self.key}".strip()
        return f"{self.started}-{self.ended} by {self.worker}: {what}, {self.fault.name}{end}"

    @property
    def is_applied(self) -> bool:
        return self.status == 200

    @property
    def is_unknown_to_caller(self) -> bool:
        """Whether a POST ended so that its caller cannot know if it was accepted."""
        answer = self.fault.answer(self.request) if self.fault.answer else None
        is_silent = self.fault.silent or self.is_unheard
        return is_silent or (answer is not None and answer.status == 504)


@dataclass(frozen=True)
class Notification:
    """What a sender has said up to a moment (`stored_at`)."""

    sender_id: str
    moment: Decimal


@dataclass
class Journal:
    """Every exchange in the order in which it ended; any thread may write."""

    exchanges: list[Exchange] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_number(self) -> int:
        return next(self._count)

    def write(self, exchange: Exchange) -> None:
        with self._lock:
            self.exchanges.append(exchange)

    def read(self, operation: str) -> list[Exchange]:
        """The exchanges of an operation so far."""
        return [each for each in list(self.exchanges) if each.operation == operation]

    def story(self, sender_id: str) -> str:
        """What the notifier's calls say about a sender, line by line."""
        calls = [
            each
            for each in list(self.exchanges)
            if each.request.get("sender_id") == sender_id
            or sender_id in finished(each)
            or sender_id in {notification.sender_id for notification in claimed(each)}
        ]
        return "\n".join(map(str, calls))

    def killed(self) -> set[int]:
        """Workers that were killed; who was gone before anybody could look is one of them."""
        return {NOBODY} | {each.worker for each in list(self.exchanges) if each.fault.kills}

    def opened(self) -> set[str]:
        """Sessions that the functions have opened, by id."""
        puts = [put for each in list(self.exchanges) for put in applied(each, "Put")]
        return {put["Item"]["session_id"]["S"] for put in puts if "message_id" not in put["Item"]}

    def claims(self) -> dict[Notification, list[int]]:
        """When each notification was claimed."""
        claims: dict[Notification, list[int]] = {}
        for exchange in list(self.exchanges):
            for notification in claimed(exchange):
                claims.setdefault(notification, []).append(exchange.started)
        return claims

    def abandoned(self) -> set[Notification]:
        """Claims of killed workers: neither settled, nor scheduled for retry, nor released."""
        open_: dict[tuple[int, str], Notification] = {}
        for exchange in list(self.exchanges):
            for sender in finished(exchange):
                open_.pop((exchange.worker, sender), None)
            open_ |= {
                (exchange.worker, notification.sender_id): notification
                for notification in claimed(exchange)
            }
        killed = self.killed()
        return {notification for (worker, _), notification in open_.items() if worker in killed}


def claimed(exchange: Exchange) -> list[Notification]:
    """Notifications that a call claimed; a claim is the update that sets an expiry."""
    return [
        Notification(update["Key"]["sender_id"]["S"], Decimal(values[":moment"]["N"]))
        for update in applied(exchange, "Update")
        if ":expires_at" in (values := update["ExpressionAttributeValues"])
    ]


def finished(exchange: Exchange) -> list[str]:
    """Senders whose claim has ended: settled, released, scheduled for retry or dead-lettered."""
    return set_aside(exchange) + [
        update["Key"]["sender_id"]["S"]
        for update in applied(exchange, "Update")
        if ":expires_at" not in update["ExpressionAttributeValues"]
    ]


def set_aside(exchange: Exchange) -> list[str]:
    """Senders whose notification went to the retry queue or to its dead-letter queue."""
    if exchange.operation != "SendMessageBatch" or not exchange.is_applied:
        return []
    bodies = [entry["MessageBody"] for entry in exchange.request["Entries"]]
    return [json.loads(body)["sender_id"] for body in bodies if body.startswith("{")]


def applied(exchange: Exchange, action: str) -> list[Json]:
    """The actions of one kind, Put or Update, that were applied: in a transaction, or alone."""
    if not exchange.is_applied:
        return []
    if exchange.operation == f"{action}Item":
        return [exchange.request]
    return [each[action] for each in exchange.request.get("TransactItems", []) if action in each]
