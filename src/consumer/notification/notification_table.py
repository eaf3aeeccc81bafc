"""Every DynamoDB expression of the `notifications` table.

The attribute `through` is the code's `notified_through`: rows outlive names. A row without a
`revision` was written by the version before, which kept its claim in attributes of the row.
"""

from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item, number, text, to_item
from consumer.aws.dynamodb import Read
from consumer.notification.notification import Notification
from consumer.notification.state import (
    ROW_LIFETIME_SECONDS,
    NotificationState,
    Pending,
    StateChange,
    Turn,
)

# The version before ended its notifier after that long, and kept its rows that long after a claim.
OLD_TURN_SECONDS = 90.0
OLD_LIFETIME_SECONDS = 30 * 24 * 3600


def state_read(table: str, sender_id: str) -> Read:
    return Read(table, {"sender_id": {"S": sender_id}})


def state_put(table: str, change: StateChange) -> dict[str, Any]:
    """Replace the row while its revision is the one that was read; repeated, it is applied once."""
    known = "revision IN (:before, :own)" if change.before else "revision = :own"
    condition = known if change.before else f"attribute_not_exists(revision) OR {known}"
    values = {":own": {"S": change.after.revision}}
    values |= {":before": {"S": change.before}} if change.before else {}
    return {
        "Put": {
            "TableName": table,
            "Item": _item(change.sender_id, change.after),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
    }


def state_of(sender_id: str, item: Item) -> NotificationState:
    """Read a row, this version's or the one before's."""
    revision, through = text(item, "revision"), number(item, "through") or Decimal(0)
    if not revision:
        return NotificationState(notified_through=through, turn=_old_turn(sender_id, item, through))
    turn, pending = (item.get(name, {}).get("M") for name in ("turn", "pending"))
    return NotificationState(
        revision,
        through,
        _turn(sender_id, turn) if turn else None,
        _pending(sender_id, pending) if pending else None,
        _moment(item, "wake_at"),
        _moment(item, "turn_ended_at"),
    )


def _item(sender_id: str, state: NotificationState) -> Item:
    last = max(state.wake_at, state.turn_ended_at, state.turn.claimed_at if state.turn else 0.0)
    row: dict[str, Any] = {
        "sender_id": sender_id,
        "revision": state.revision,
        "through": state.notified_through,
        "wake_at": _exact(state.wake_at),
        "turn_ended_at": _exact(state.turn_ended_at),
        "expires_at": int(last or state.notified_through) + ROW_LIFETIME_SECONDS,
    }
    if state.turn:
        row["turn"] = _message(state.turn.notification) | {
            "token": state.turn.token,
            "claimed_at": _exact(state.turn.claimed_at),
            "open_until": _exact(state.turn.open_until),
        }
    if state.pending:
        since = {"since": state.pending.since}
        row["pending"] = _message(state.pending.notification) | since
    return to_item(row)


def _message(notification: Notification) -> dict[str, Any]:
    fields = {
        "message_id": notification.message_id,
        "session_id": notification.session_id,
        "stored_at": notification.stored_at,
        "attempt": notification.attempt,
        "text_id": notification.text_id,
    }
    return fields | ({"is_replay": True} if notification.is_replay else {})


def _turn(sender_id: str, item: Item) -> Turn:
    return Turn(
        _notification(sender_id, item),
        text(item, "token"),
        _moment(item, "claimed_at"),
        _moment(item, "open_until"),
    )


def _pending(sender_id: str, item: Item) -> Pending:
    return Pending(_notification(sender_id, item), number(item, "since") or Decimal(0))


def _notification(sender_id: str, item: Item) -> Notification:
    return Notification(
        sender_id,
        text(item, "message_id"),
        text(item, "session_id"),
        number(item, "stored_at") or Decimal(0),
        int(number(item, "attempt") or 1),
        text_id=text(item, "text_id"),
        is_replay=item.get("is_replay") == {"BOOL": True},
    )


def _old_turn(sender_id: str, item: Item, through: Decimal) -> Turn | None:
    """A claim of the version before that nobody has settled; it knew no session."""
    token, claimed = text(item, "claimed_by"), number(item, "claimed") or Decimal(0)
    if not token or claimed <= through:
        return None
    claimed_at = float(number(item, "expires_at") or 0) - OLD_LIFETIME_SECONDS
    notification = Notification(sender_id, text(item, "message_id"), "", claimed)
    return Turn(notification, token, claimed_at, claimed_at + OLD_TURN_SECONDS)


def _moment(item: Item, name: str) -> float:
    return float(number(item, name) or 0)


def _exact(moment: float) -> Decimal:
    return Decimal(f"{moment:.3f}")
