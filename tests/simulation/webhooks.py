"""What arrives: webhook bodies, some of them twice, some of them no messages at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from tests.simulation.bodies import GARBAGE, draw_form, draw_garbage
from tests.simulation.settings import START, Settings
from tests.support.memory.chance import Chance

POISON = "no table takes this"


class Kind(Enum):
    """What a body is to the consumer."""

    MESSAGE = "message"
    WITHOUT_SID = "message without a Sid"
    POISON = "message that the table refuses"
    CALLBACK = "status callback"
    GARBAGE = "garbage"

    @property
    def is_good(self) -> bool:
        """Whether it can be stored."""
        return self in (Kind.MESSAGE, Kind.WITHOUT_SID)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One body on its way to the queue; `at` in epoch seconds."""

    number: int
    at: float
    kind: Kind
    body: str
    group: str
    sender_id: str = ""
    message_id: str = ""


def draw_webhooks(chance: Chance, settings: Settings) -> list[Webhook]:
    """Draw the bodies in the order in which they arrive."""
    pick, wrap = chance.stream("webhooks"), chance.stream("bodies")
    drawn: list[Webhook] = []
    at = START
    for number in range(settings.messages + pick.randrange(6)):
        at += settings.spacing * pick.random() * 2
        drawn.append(_repeated(pick, number, at, drawn) or _fresh(pick, wrap, number, at, settings))
    return drawn


def _repeated(pick: Random, number: int, at: float, drawn: list[Webhook]) -> Webhook | None:
    """Twilio tries a webhook again that it got no answer for: the same Sid, a later message."""
    if not drawn or pick.random() >= 0.1:
        return None
    first = pick.choice(drawn)
    return replace(first, number=number, at=at) if first.kind is Kind.MESSAGE else None


def _fresh(pick: Random, wrap: Random, number: int, at: float, settings: Settings) -> Webhook:
    sender = pick.randrange(settings.senders)
    sender_id = f"4915550{sender:04d}"
    own_group = settings.grouping == "per sender" or (
        settings.grouping == "both" and pick.random() < 0.5
    )
    group = f"whatsapp:+{sender_id}" if own_group else "webhook_group"
    kind = pick.choices(list(Kind), [80, 6, 3, 5, 6])[0]
    sid = f"SM{number:032d}"
    if kind is Kind.GARBAGE:
        return Webhook(number, at, kind, draw_garbage(wrap, pick.choice(GARBAGE)), group)
    fields = {
        "MessageSid": sid,
        "From": f"whatsapp:+{sender_id}",
        "WaId": sender_id,
        "Body": POISON if kind is Kind.POISON else f"message {number}",
        "SmsStatus": "received",
        "NumMedia": "0",
    }
    if kind is Kind.CALLBACK:
        return Webhook(
            number, at, kind, draw_form(wrap, fields | {"SmsStatus": "delivered"}), group
        )
    if wrap.random() < 0.1:
        fields["MessageStatus"] = "received"
    if kind is Kind.WITHOUT_SID:
        sid = fields.pop("MessageSid")[:0]
    return Webhook(number, at, kind, draw_form(wrap, fields), group, sender_id, sid)
