"""What the proxy saw."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.e2e.faults import Fault, Json

POST = "POST"


@dataclass(frozen=True)
class Exchange:
    """One call: what it said, what happened to it, what the other side answered.

    `started` and `ended` come from one count; `connection` is the caller's port. `status` None: the
    other side never heard of it. `is_unheard`: the caller had hung up before there was an answer.
    """

    started: int
    ended: int
    connection: int
    operation: str
    request: Json
    key: str
    fault: Fault
    status: int | None
    is_unheard: bool = False

    def __str__(self) -> str:
        end = " unheard" if self.is_unheard else ""
        what = f"{self.operation} {self.key}".strip()
        return f"{self.started}-{self.ended} on {self.connection}: {what}, {self.fault.name}{end}"

    @property
    def is_applied(self) -> bool:
        return self.status == 200


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
        exchanges = list(self.exchanges)
        return "\n".join(str(each) for each in exchanges if sender_id in str(each.request))

    def opened(self) -> set[str]:
        """Sessions that the functions have opened, by id."""
        puts = [put["Item"] for each in list(self.exchanges) for put in applied(each, "Put")]
        sessions = [item for item in puts if "session_id" in item and "message_id" not in item]
        return {item["session_id"]["S"] for item in sessions}


def applied(exchange: Exchange, action: str) -> list[Json]:
    """The actions of one kind, such as Put, that were applied: in a transaction, or alone."""
    if not exchange.is_applied:
        return []
    if exchange.operation == f"{action}Item":
        return [exchange.request]
    return [each[action] for each in exchange.request.get("TransactItems", []) if action in each]
