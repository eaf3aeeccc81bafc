"""Sessions: which one counts, when it limits, and which id the next one gets.

The next id is made from the sender and the session before, so that two creations
that race, repeat, or start from an index that lags compute the same id: one is
stored, the other finds it. `created_at` rises along this chain, because the reply
service looks at a sender's newest session only.

Ids stand in logs, beside the last digits of a number. So a key of the stack goes into them,
without which nobody can try all numbers until one gives the id.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid5

ACTIVE = "active"
ERASED = "erased"

# Ids without a key hang on it; never change it.
NAMESPACE = UUID("6f1d0c7e-54a1-5b0e-9c55-0d1f9be4a7c2")

# A shorter key could be guessed.
MIN_KEY_LENGTH = 32
# RFC 9562: version 8 is for makers of their own.
_KEYED_VERSION = 8


@dataclass(frozen=True, slots=True)
class Session:
    """A row of `sessions`; `created_at` in whole epoch seconds, `updated_at` in epoch seconds.

    `paused_until`: the limit that an operator's pause has written (`unc pause`).
    `limited_before_pause`: the reply service's own limit that it replaced.
    `erased`: a random text that an erasure has left in place of everything but the id.
    """

    session_id: str
    sender_id: str
    status: str
    created_at: Decimal
    user_limited_until: str | None = None
    updated_at: Decimal | None = None
    paused_until: str | None = None
    limited_before_pause: str | None = None
    erased: str = ""

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def is_paused(self) -> bool:
        """Whether the limit is that of a pause; one that the reply service wrote later is not."""
        return self.paused_until is not None and self.paused_until == self.user_limited_until

    @property
    def own_limit(self) -> str | None:
        """The limit that the reply service itself has set last."""
        return self.limited_before_pause if self.is_paused else self.user_limited_until


def next_session(sender_id: str, previous: Session | None, now: float, key: bytes) -> Session:
    """The session that follows `previous` (None: the sender's first), active, not yet stored.

    After an erased one the id hangs on what the erasure has left, so no id comes again.
    """
    link = (previous.erased or previous.session_id) if previous else ""
    earliest = int(previous.created_at) + 1 if previous else 0
    return Session(
        session_id=session_id_after(sender_id, link, key),
        sender_id=sender_id,
        status=ACTIVE,
        created_at=Decimal(max(int(now), earliest)),
    )


def session_id_after(sender_id: str, link: str, key: bytes) -> str:
    """The id of the sender's session behind `link`, made with the key; without one as once."""
    if not key:
        return str(uuid5(NAMESPACE, f"{sender_id}:{link}"))
    digest = hmac.digest(key, json.dumps([sender_id, link]).encode(), "sha256")
    bits = int.from_bytes(digest[:16], "big")
    bits = bits & ~(0xF << 76) | _KEYED_VERSION << 76
    bits = bits & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=bits))


def is_keyed(session_id: str) -> bool:
    """Whether an id was made with a key; others are the reply service's, or older."""
    try:
        return UUID(session_id).version == _KEYED_VERSION
    except ValueError:
        return False


def newest(sessions: Iterable[Session | None]) -> Session | None:
    """The one with the highest `created_at`; None of none."""
    present = [each for each in sessions if each]
    return max(present, key=lambda each: each.created_at, default=None)


def limited_until(session: Session | None) -> float | None:
    """Until when the session's user may not be answered, in epoch seconds; None without a limit.

    Raises ValueError when `user_limited_until` is not an ISO 8601 datetime; such a session is
    not limited. Without an offset it is meant as UTC.
    """
    if session is None or session.user_limited_until is None:
        return None
    return _end_of(session.user_limited_until)


def is_limited_since(session: Session, moment: float) -> bool:
    """Whether the reply service has limited the session at that moment or later (epoch seconds).

    A limit that was over by then is an older one: something else has changed the session since.
    A pause is no sign of the reply service, and leaves `updated_at` as it is.
    """
    if session.own_limit is None:
        return False
    written_at = session.created_at if session.updated_at is None else session.updated_at
    try:
        was_over = _end_of(session.own_limit) < moment
    except ValueError:
        was_over = False
    return float(written_at) >= moment and not was_over


def _end_of(limit: str) -> float:
    until = datetime.fromisoformat(limit.strip())
    return (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp()


def is_limited(session: Session | None, now: float) -> bool:
    """Whether the session's user may not be answered now; raises what limited_until raises."""
    until = limited_until(session)
    return until is not None and until > now
