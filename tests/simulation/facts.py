"""The facts that the guarantees speak of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from consumer.webhook.message import ChatKey
from tests.simulation.functions import Invocation
from tests.simulation.webhooks import Kind, Webhook
from tests.support.memory.queues import Message
from tests.support.memory.tables import Row


@dataclass(slots=True, eq=False)
class Submission:
    """One record on the queue, wherever it is now: in a queue, in several, or in none.

    `places`: the `created_at` values that are its own, normally one. `is_redriven` and
    `was_dead_lettered`: an operator brought it back; it was in the dead-letter queue once.
    """

    ordinal: int
    webhook: Webhook
    key: ChatKey | None
    places: list[Decimal]
    queued: int = 0
    dead_lettered: int = 0
    was_dead_lettered: bool = False
    is_redriven: bool = False
    last_handled_by: Invocation | None = None

    @property
    def kind(self) -> Kind:
        return self.webhook.kind


@dataclass(frozen=True, slots=True)
class Stored:
    """A chat as it was stored first."""

    moment: int
    row: Row
    submission: Submission | None
    process: Invocation

    @property
    def stored_at(self) -> Decimal:
        return Decimal(self.row["stored_at"])

    @property
    def sender_id(self) -> str:
        return str(self.row["sender_id"])


@dataclass(frozen=True, slots=True)
class Violation:
    """A guarantee that did not hold."""

    guarantee: str
    what: str

    def __str__(self) -> str:
        return f"{self.guarantee}: {self.what}"


def place_of(message: Message) -> Decimal:
    """The place in the conversation: milliseconds, then the sequence number, as decimals."""
    seconds, milliseconds = divmod(message.sent_ms, 1000)
    return Decimal(f"{seconds}.{milliseconds:03d}{message.sequence:020d}")


def notifications_in(messages: Iterable[Message]) -> list[tuple[str, Decimal]]:
    """Sender and `stored_at` of the notifications in a queue."""
    bodies = [json.loads(each.body) for each in messages]
    return [(body["sender_id"], Decimal(body["stored_at"])) for body in bodies]
