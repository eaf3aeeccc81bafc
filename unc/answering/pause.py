"""Pause a sender: a limit on the session that counts, marked as ours.

The reply service knows nothing of the mark, so the mark says which limit the pause wrote. Once the
reply service writes another, the mark no longer fits, and the limit counts as its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from consumer.aws.attribute_values import to_attribute
from consumer.conversation.session import Session
from unc.answering.sessions import limit_end, read_newest_sessions
from unc.aws.tables import Item, Tables, to_session
from unc.errors import BadInput, UncError

# What a person has to know before pausing; a page shows it, too.
NOT_HELD = (
    "a session that the reply service opens anew, or one that follows when this one is completed",
    "a POST that is open already",
    "a message that the notifier is handling at this moment",
)
AFTERWARDS = (
    "Messages are stored meanwhile. When the pause ends by itself, the reply service hears only "
    "of what came in its last 15 minutes; unc resume, then too, has it hear of the newest message."
)
# Of the attributes that a pause reads, and writes on condition that they still stand.
LIMIT, MARK, MARKED_AT, BEFORE = (
    "user_limited_until",
    "paused_until",
    "paused_at",
    "limited_before_pause",
)
_READ = (LIMIT, MARK, BEFORE)
_MOST_TRIES = 5


@dataclass(frozen=True)
class Pause:
    """A sender's pause. `until`: as it stands in the session, UTC.

    `before`: the end of the pause that it replaces. `own_limit`: until when the reply service
    itself has limited the session; where that is later than the pause, nothing was written.
    """

    sender_id: str
    session_id: str
    until: str
    before: str | None = None
    own_limit: str | None = None
    is_written: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self) | {"not_held": list(NOT_HELD)}


def pause_sender(tables: Tables, sender_id: str, seconds: float, now: float) -> Pause:
    """Limit the session that counts, so many seconds from `now` (epoch seconds).

    A pause that stands gets another end. Raises BadInput where no session is active.
    """
    until = datetime.fromtimestamp(now + seconds, UTC).replace(tzinfo=None)
    for _ in range(_MOST_TRIES):
        row = read_newest_sessions(tables, sender_id)[0]
        pause = _plan(row, until.isoformat(timespec="microseconds"), now)
        if not pause.is_written or _write(tables, row, pause, now):
            return pause
    raise UncError("somebody else keeps changing the session", "run it again")


def _plan(row: Item, until: str, now: float) -> Pause:
    """Say what to write on a session; raises BadInput where it is not active."""
    session = to_session(row)
    if not session.is_active:
        raise BadInput(
            f"{session.sender_id} has no active session, so there is nothing to pause",
            "the next message opens one; pause the sender then",
        )
    own = session.own_limit
    own_end = limit_end(replace(session, user_limited_until=own))
    pause = Pause(
        session.sender_id,
        session.session_id,
        until,
        before=session.paused_until if session.is_paused and _is_ahead(session, now) else None,
        own_limit=own if own_end is not None and own_end > now else None,
    )
    pause_end = limit_end(replace(session, user_limited_until=until))
    is_longer = own_end is not None and pause_end is not None and own_end >= pause_end
    return replace(pause, is_written=not is_longer)


def _is_ahead(session: Session, now: float) -> bool:
    end = limit_end(session)
    return end is not None and end > now


def _write(tables: Tables, row: Item, pause: Pause, now: float) -> bool:
    """Write the limit and its mark; gives False when the row is no longer what was read."""
    own = row.get(BEFORE) if to_session(row).is_paused else row.get(LIMIT)
    names = {"#status": "status"}
    values = {":until": {"S": pause.until}, ":at": {"N": str(int(now))}, ":active": {"S": "active"}}
    change = f"SET {LIMIT} = :until, {MARK} = :until, {MARKED_AT} = :at"
    if own is None:
        change += f" REMOVE {BEFORE}"
    else:
        change = f"{change}, {BEFORE} = :own"
        values[":own"] = to_attribute(own)
    stands, read = unchanged(row, _READ)
    return update_session(
        tables, row, change, f"#status = :active AND {stands}", values | read, names
    )


def unchanged(row: Item, attributes: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return a condition that attributes are as they were read, and its values."""
    tests, values = [], {}
    for name in attributes:
        if name in row:
            tests.append(f"{name} = :read_{name}")
            values[f":read_{name}"] = to_attribute(row[name])
        else:
            tests.append(f"attribute_not_exists({name})")
    return " AND ".join(tests), values


def update_session(
    tables: Tables,
    row: Item,
    change: str,
    condition: str,
    values: dict[str, Any],
    names: dict[str, str] | None = None,
) -> bool:
    """Change a session on a condition; gives False when the condition fails."""
    dynamodb: Any = tables.aws.dynamodb
    more = {"ExpressionAttributeNames": names} if names else {}
    try:
        dynamodb.update_item(
            TableName=tables.resources.session_table,
            Key={"session_id": {"S": row["session_id"]}},
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **more,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
