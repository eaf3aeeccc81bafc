"""News: a sender has a message that the reply service shall hear about.

It comes from the stream of `chats` (DynamoDB JSON) or, parked earlier, from the
retry queue (our JSON). Odd records are rejected with a reason, never raised over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from consumer.webhook.message import ChatKey

# A key that DynamoDB refuses would spoil the read of all senders.


@dataclass(frozen=True, slots=True)
class Notification:
    """One sender's newest message; `stored_at` in epoch seconds.

    `attempt` counts the tries at telling this news from 1. `after` names the claims that it
    may take over: each belongs to a try of which it is known that nobody was told. `text`
    None means it is still to be read from `chats`.
    """

    sender_id: str
    message_id: str
    session_id: str
    stored_at: Decimal
    attempt: int = 1
    text: str | None = None
    created_at: Decimal = Decimal(0)
    after: tuple[str, ...] = ()

    @property
    def key(self) -> ChatKey:
        return ChatKey(self.sender_id, self.message_id)


@dataclass(frozen=True, slots=True)
class RejectedNotification:
    """A record that goes to the reply service's dead-letter queue, and why."""

    id: str
    body: str
    reason: str


def newest_per_sender(notifications: Iterable[Notification]) -> dict[str, Notification]:
    """One notification a sender: what was stored last, and of that the latest message."""
    newest: dict[str, Notification] = {}
    for each in notifications:
        held = newest.get(each.sender_id)
        newest[each.sender_id] = each if held is None else _merged(held, each)
    return newest


def _merged(one: Notification, other: Notification) -> Notification:
    """The newer; of two copies of the same news, one that may take over what either may."""
    newer, older = (other, one) if _rank(other) > _rank(one) else (one, other)
    if newer.stored_at != older.stored_at:
        return newer
    return replace(newer, after=tuple(dict.fromkeys((*older.after, *newer.after))))


def _rank(notification: Notification) -> tuple[Decimal, int, Decimal]:
    return notification.stored_at, notification.attempt, notification.created_at
