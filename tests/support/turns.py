"""A sender with an open turn, as a test wants it."""

from decimal import Decimal

from consumer.notification.state import NotificationState, Turn
from tests.support.builders import notification
from tests.support.doubles import RULES, StreamWorld

OUTCOME_KNOWN_SECONDS = RULES.open_seconds + RULES.outcome_seconds
TOKEN = "somebody's"


def sid(number: int) -> str:
    return f"SM{number:032d}"


def open_turn(world: StreamWorld, number: int = 1, text: str = "one", attempt: int = 1) -> Turn:
    """Somebody has claimed the message just now, and has not ended the turn."""
    world.store(number, text=text)
    stored_at = Decimal(f"{world.now:.3f}")
    claimed = notification(
        message_id=sid(number), stored_at=stored_at, attempt=attempt, text=None, text_id=sid(number)
    )
    turn = Turn(claimed, TOKEN, world.now, world.now + RULES.open_seconds)
    world.put_row(NotificationState(turn=turn))
    return turn


def pending_id(world: StreamWorld) -> str:
    pending = world.row().pending
    return pending.notification.message_id if pending else ""
