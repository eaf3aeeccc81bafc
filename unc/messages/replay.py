"""Notify the reply service of a sender once more: a retry record for the newest chat.

`stored_at` is set just above what has been claimed or covered, not to a clock's now. A laptop whose
clock runs ahead would otherwise cover messages that are yet to come, and they would stay without a
reply. Run twice before the notifier reads the record, it notifies once.

The POST has an idempotency key of its own, made from this moment: with the key of the first POST a
service that honours keys would answer nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.markup import escape

from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from unc.aws.resources import Resources
from unc.aws.sender_lookup import find_writer, is_message_id
from unc.aws.session import Aws
from unc.aws.tables import Item, Tables, stored_at
from unc.errors import BadInput
from unc.messages.sender import read_sender
from unc.terminal import day, printable

# The smallest step that the functions' own clocks write.
_STEP_SECONDS = Decimal("0.000001")


@dataclass(frozen=True)
class Replay:
    """A notification to send once more; `limited_until` as it stands in the session."""

    sender_id: str
    message_id: str
    session_id: str
    placed_at: Decimal
    stored_at: Decimal
    limited_until: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def plan_replay(tables: Tables, sender: str, now: float) -> Replay:
    """Find a sender's newest inbound message; raises BadInput when none is stored.

    The id of any message of the sender, as the logs name it, does as well.
    """
    chat = _find_newest(tables, sender)
    sender_id, session_id = chat["sender_id"], chat["session_id"]
    row = tables.read_notifications([sender_id]).get(sender_id, {})
    session = tables.read_sessions([session_id]).get(session_id, {})
    return Replay(
        sender_id=sender_id,
        message_id=chat["message_id"],
        session_id=session_id,
        placed_at=chat["created_at"],
        stored_at=_uncovered(chat, row),
        limited_until=_limit_of(session, now),
    )


def _find_newest(tables: Tables, sender: str) -> Item:
    """Return the sender's newest inbound chat by place; raises BadInput when there is none."""
    found = find_writer(tables, sender) if is_message_id(sender) else read_sender(sender)
    chats = tables.read_conversation(found) if found else []
    inbound = [chat for chat in chats if chat["chat_type"] == "inbound"]
    if not inbound:
        raise BadInput(
            f"no inbound message of {found or sender or 'nobody'} is stored",
            "a sender as in: unc chat 4915555550199, or the id of a message as in the logs",
        )
    return max(inbound, key=lambda chat: chat["created_at"])


def _uncovered(chat: Item, row: Item) -> Decimal:
    """Return a moment that the row does not cover, and that any later message lies after."""
    known = [stored_at(chat), row.get("through", Decimal(0))]
    known += [row[name]["stored_at"] for name in ("turn", "pending") if name in row]
    return Decimal(max(known)) + _STEP_SECONDS


def _limit_of(session: Item, now: float) -> str | None:
    """Return until when a session is limited, if it is now; without an offset it is UTC."""
    text = session.get("user_limited_until")
    try:
        until = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return None
    moment = until if until.tzinfo else until.replace(tzinfo=UTC)
    return str(text) if moment.timestamp() > now else None


def queue_replay(aws: Aws, resources: Resources, replay: Replay) -> None:
    """Put the record into the reply retry queue."""
    notification = Notification(
        replay.sender_id, replay.message_id, replay.session_id, replay.stored_at, is_replay=True
    )
    aws.sqs.send_message(QueueUrl=resources.reply_retry_queue, MessageBody=retry_body(notification))


def render_replay(replay: Replay) -> Iterator[str]:
    """Say what happens now."""
    yield (
        f"queued: the reply service will be notified once more of {replay.sender_id}'s newest "
        f"message, of {day(replay.placed_at)}"
    )
    yield "[dim]If it was notified before, the user may get a second answer; see: unc chat[/dim]"
    if replay.limited_until:
        yield (
            f"[yellow]The session is limited until {escape(printable(replay.limited_until))} UTC "
            "unless said otherwise: until then the notifier passes it over.[/yellow]"
        )
