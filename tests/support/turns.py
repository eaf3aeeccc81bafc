"""A sender's turns: one that is open, as a test wants it, and how many the times allow."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from consumer.notification.state import NotificationState, Turn
from tests.support.builders import SENDER, notification
from tests.support.doubles import RULES, StreamWorld

OUTCOME_KNOWN_SECONDS = RULES.open_seconds + RULES.outcome_seconds
TOKEN = "somebody's"


def sid(number: int) -> str:
    return f"SM{number:032d}"


def open_turn(
    world: StreamWorld,
    number: int = 1,
    text: str = "one",
    attempt: int = 1,
    sender: str = SENDER,
) -> Turn:
    """Somebody has claimed the message just now, and has not ended the turn."""
    world.store(number, sender, text)
    claimed = notification(
        sender,
        message_id=sid(number),
        stored_at=Decimal(f"{world.now:.3f}"),
        attempt=attempt,
        text=None,
        text_id=sid(number),
    )
    turn = Turn(claimed, TOKEN, world.now, world.now + RULES.open_seconds)
    world.put_row(NotificationState(turn=turn), sender)
    return turn


def pending_id(world: StreamWorld) -> str:
    pending = world.row().pending
    return pending.notification.message_id if pending else ""


def most_posts(stored: Sequence[float], answered: Sequence[float], quiet_seconds: float) -> int:
    """How many POSTs about a sender's messages the recorded times allow; epoch seconds.

    `stored`: the messages. `answered`: when the answer to each POST was sent. The first POST may
    know its own message alone. Each further one is decided after the answer before, and covers
    all that was stored until then. With a quiet time two POSTs have so long a gap between them.
    """
    times = sorted(stored)
    if quiet_seconds:
        return 1 + sum(later - earlier >= quiet_seconds for earlier, later in pairwise(times))
    posts, covered = 1, times[0]
    for answer in answered:
        left = [each for each in times if each > covered]
        if not left:
            break
        posts, covered = posts + 1, max(left[0], answer)
    return posts
