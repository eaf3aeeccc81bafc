"""A notification: a sender has a message that the reply service shall hear about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from consumer.webhook.message import ChatKey

STOP = "STOP"


@dataclass(frozen=True, slots=True)
class Notification:
    """One sender's newest message; `stored_at` in epoch seconds.

    `attempt` counts the tries at delivering it, from 1. `text` is what the POST says: the newest
    text that is not blank, of this message and of older ones that it covers; `text_id` is the
    message that it comes from, blank when none has any. `text` None means that it is still to
    be read from `chats`. `opt_out` is Twilio's OptOutType. `wake_at`: for a record of the retry
    queue, the moment that it was scheduled for (epoch seconds). `is_replay`: it asks on purpose for
    a POST about a message that may have had one; `stored_at` tells one replay from another.
    """

    sender_id: str
    message_id: str
    session_id: str
    stored_at: Decimal
    attempt: int = 1
    text: str | None = None
    text_id: str = ""
    opt_out: str = ""
    wake_at: float | None = None
    created_at: Decimal = Decimal(0)
    is_replay: bool = False

    @property
    def key(self) -> ChatKey:
        return ChatKey(self.sender_id, self.message_id)

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt, another one for each replay."""
        if not self.is_replay:
            return self.message_id
        moment = self.stored_at.normalize()  # a table drops the last zeros, a record keeps them
        return f"{self.message_id}/{moment:f}"

    def stripped(self) -> "Notification":
        """Only what is written down: keys, and never a person's words."""
        return replace(self, text=None, opt_out="", wake_at=None, created_at=Decimal(0))

    def covering(self, other: "Notification | None") -> "Notification":
        """The newer of the two, saying the newest text that is not blank."""
        if other is None:
            return self
        newer, older = (other, self) if _rank(other) > _rank(self) else (self, other)
        if newer.stored_at == older.stored_at and newer.message_id == older.message_id:
            return newer._merged(older)
        if newer.text_id:
            return newer
        text = older.text if newer.text is not None else None  # its own has to be read first
        return replace(newer, text=text, text_id=older.text_id)

    def _merged(self, other: "Notification") -> "Notification":
        """This one, with what another one of the same message knows of the text."""
        text_id = self.text_id or other.text_id
        texts = (each.text for each in (self, other) if each.text_id == text_id)
        known = next((text for text in texts if text is not None), None)
        is_replay = self.is_replay or other.is_replay
        return replace(self, text=known, text_id=text_id, is_replay=is_replay)


@dataclass(frozen=True, slots=True)
class RejectedNotification:
    """A record on its way to the reply service's dead-letter queue, and why."""

    id: str
    body: str
    reason: str


def newest_per_sender(notifications: Iterable[Notification]) -> dict[str, Notification]:
    """One notification a sender: what was stored last, and of that the latest message.

    A record of the retry queue among them lends its `wake_at`: whoever handles it has to see to
    its successor.
    """
    newest: dict[str, Notification] = {}
    for each in notifications:
        held = newest.get(each.sender_id)
        merged = each.covering(held)
        wakes = [n.wake_at for n in (each, held) if n is not None and n.wake_at is not None]
        newest[each.sender_id] = replace(merged, wake_at=max(wakes, default=None))
    return newest


def without_opt_outs(notifications: Iterable[Notification]) -> list[Notification]:
    """Leave out what Twilio has answered: HELP and START themselves, STOP what stands before it.

    Of a sender who has nothing else the newest STOP stays, or whatever is the newest.
    """
    by_sender: dict[str, list[Notification]] = {}
    for each in notifications:
        by_sender.setdefault(each.sender_id, []).append(each)
    return [left for each in by_sender.values() for left in _not_answered(each)]


def _not_answered(notifications: Sequence[Notification]) -> list[Notification]:
    """The same of one sender."""
    stop = max((each for each in notifications if each.opt_out == STOP), key=_rank, default=None)
    left = [each for each in notifications if not each.opt_out]
    if stop:
        left = [each for each in left if _rank(each) > _rank(stop)]
    return left or [stop or max(notifications, key=_rank)]


def _rank(notification: Notification) -> tuple[Decimal, int, Decimal]:
    return notification.stored_at, notification.attempt, notification.created_at
