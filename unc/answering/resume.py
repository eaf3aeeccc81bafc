"""Resume a sender: lift the pause, then have the reply service hear of the newest message.

The mark goes last. Whoever is interrupted after lifting runs it again: the mark that is left has
the newest message queued once more, which leads to one POST however often it is queued.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from consumer.aws.attribute_values import to_attribute
from unc.answering.pause import BEFORE, LIMIT, MARK, MARKED_AT, unchanged, update_session
from unc.answering.sessions import limit_end, read_newest_sessions
from unc.answering.uncovered import find_uncovered, queue_notifications
from unc.aws.tables import Item, Tables, to_session
from unc.errors import UncError

_MOST_TRIES = 5


@dataclass(frozen=True)
class Resumption:
    """What a resumption did. `lifted`: sessions whose pause is gone.

    `message_id`: the newest message that the reply service will hear of; blank when all is covered.
    `own_limit`: until when the reply service itself limits the sender.
    """

    sender_id: str
    lifted: list[str]
    message_id: str = ""
    own_limit: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def resume_sender(tables: Tables, sender_id: str, now: float) -> Resumption:
    """Lift every pause of a sender, also one that has ended; without any nothing happens."""
    rows = read_newest_sessions(tables, sender_id)
    marked = [row for row in rows if MARK in row]
    if not marked:
        return Resumption(sender_id, [])
    for row in marked:
        _lift(tables, row)
    waiting = find_uncovered(tables, sender_id)
    queue_notifications(tables, [waiting] if waiting else [])
    for row in marked:
        _remove_mark(tables, row)
    return Resumption(
        sender_id,
        [row["session_id"] for row in marked],
        waiting.message_id if waiting else "",
        _own_limit(read_newest_sessions(tables, sender_id)[0], now),
    )


def _lift(tables: Tables, row: Item) -> None:
    """Restore the reply service's own limit, or none; one that it set since stays."""
    for _ in range(_MOST_TRIES):
        if not to_session(row).is_paused:
            return
        stands, values = unchanged(row, (LIMIT, MARK))
        change = f"REMOVE {LIMIT}"
        if row.get(BEFORE) is not None:
            change = f"SET {LIMIT} = :own"
            values[":own"] = to_attribute(row[BEFORE])
        if update_session(tables, row, change, stands, values):
            return
        row.update(_read_again(tables, row))
    raise UncError("somebody else keeps changing the session", "run it again")


def _read_again(tables: Tables, row: Item) -> Item:
    """Return a session as it is now; an attribute that is gone is None."""
    now = tables.read_sessions([row["session_id"]]).get(row["session_id"], {})
    return {name: now.get(name) for name in (LIMIT, MARK, BEFORE)}


def _remove_mark(tables: Tables, row: Item) -> None:
    """Forget the pause, unless somebody has paused anew."""
    stands, values = unchanged(row, (MARK,))
    update_session(tables, row, f"REMOVE {MARK}, {MARKED_AT}, {BEFORE}", stands, values)


def _own_limit(row: Item, now: float) -> str | None:
    end = limit_end(to_session(row))
    return str(row[LIMIT]) if end is not None and end > now else None
