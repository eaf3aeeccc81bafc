"""The NotificationStore of the in-memory world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from consumer.conversation.session import Session, is_limited_since
from consumer.errors import Unavailable
from consumer.notification.notification import Notification
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.state import NotificationState, StateChange
from consumer.webhook.message import ChatKey
from tests.support.memory.observer import Observer
from tests.support.memory.tables import Row, Tables
from tests.support.memory.wire import Call, Wire

MAX_KEYS = 100
MAX_ACTIONS = 100

Key = tuple[str, Any]
Part = Callable[[], NotificationReads]


class MemoryNotificationStore:
    """See NotificationStore."""

    def __init__(self, tables: Tables, wire: Wire, observer: Observer) -> None:
        self._tables = tables
        self._wire = wire
        self._observer = observer

    def read(self, query: NotificationQuery) -> NotificationReads:
        """A read for each hundred keys and each query, concurrently; then one for each absence."""
        reads = NotificationReads()
        process = self._wire.process
        keys: list[Key] = [("session", each) for each in query.sessions]
        keys += [("state", each) for each in query.states]
        keys += [("text", each) for each in query.texts]
        acts: list[Part] = []
        for start in range(0, len(keys), MAX_KEYS):
            part = keys[start : start + MAX_KEYS]
            left_out = self._wire.leaves_out("notifications.read", part)
            known = [key for key in part if key not in left_out]
            acts.append(partial(self._read_keys, process, known))
            reads.problems += ["UnprocessedKeys"] * bool(left_out)
        acts += [partial(self._read_newest, process, each) for each in query.newest]
        acts += [partial(self._read_evidence, s, at) for s, at in query.evidence.items()]
        for call in self._wire.send_all([Call("notifications.read", act) for act in acts]):
            _note(call, reads)
        for sender, since in query.absence.items():
            act = partial(self._read_absence, sender, since)
            [call] = self._wire.send_all([Call("notifications.read", act)])
            _note(call, reads)
        return reads

    def save(self, changes: Sequence[StateChange]) -> SaveResult:
        """Write all at once, then those that others kept from it."""
        result = SaveResult()
        for start in range(0, len(changes), MAX_ACTIONS):
            left = list(changes[start : start + MAX_ACTIONS])
            for _ in range(2):
                left = self._try(left, result) if left else []
        return result

    def _read_keys(self, process: Any, keys: Sequence[Key]) -> NotificationReads:
        found = NotificationReads()
        for kind, key in keys:
            if kind == "session":
                session = found.sessions[key] = self._tables.sessions.get(key)
                self._sighted(process, session)
            elif kind == "state":
                found.states[key] = self._tables.notifications.get(key, NotificationState())
            else:
                row = self._tables.chats.get(key)
                found.texts[key] = None if row is None else str(row["content"]["text"])
        return found

    def _read_newest(self, process: Any, sender_id: str) -> NotificationReads:
        now = self._wire.now
        rows = self._tables.chat_index.newest(sender_id, now)
        session = self._tables.index.newest(sender_id, now)
        self._sighted(process, session)
        return NotificationReads(
            newest={sender_id: [_notification_of(row) for row in rows]},
            current_sessions={sender_id: session},
        )

    def _read_evidence(self, sender_id: str, since: float) -> NotificationReads:
        now = self._wire.now
        has_replied = bool(self._tables.replies.since(sender_id, since, now))
        newest = self._tables.index.newest(sender_id, now)
        is_limited = newest is not None and is_limited_since(newest, since)
        return NotificationReads(evidence={sender_id: has_replied or is_limited})

    def _read_absence(self, sender_id: str, since: float) -> NotificationReads:
        """Replies consistently; of the sessions, the row of the one that the index knows."""
        has_replied = bool(self._tables.replies.since(sender_id, since))
        newest = self._tables.index.newest(sender_id, self._wire.now)
        row = self._tables.sessions.get(newest.session_id) if newest else None
        is_limited = row is not None and is_limited_since(row, since)
        return NotificationReads(absence={sender_id: not (has_replied or is_limited)})

    def _sighted(self, process: Any, session: Session | None) -> None:
        if session is not None:
            self._observer.sighted(process, session)

    def _try(self, changes: list[StateChange], result: SaveResult) -> list[StateChange]:
        """One transaction; gives the changes that only others' failures held up."""
        act = partial(self._transact, self._wire.process, changes)
        try:
            failed = self._wire.write("notifications.save", act)
        except Unavailable as error:
            result.problems.append(f"write:{error.code}")
            return []
        result.conflicts |= failed
        if not failed:
            result.saved |= {each.sender_id for each in changes}
            return []
        return [each for each in changes if each.sender_id not in failed]

    def _transact(self, process: Any, changes: Sequence[StateChange]) -> set[str]:
        """Apply all or none; gives the senders whose condition failed."""
        rows = self._tables.notifications
        failed = {c.sender_id for c in changes if not may_save(rows.get(c.sender_id), c)}
        for change in [] if failed else changes:
            before = rows.get(change.sender_id, NotificationState())
            rows[change.sender_id] = _as_stored(change.after)
            self._observer.saved(process, change.sender_id, before, change.after)
        return failed


def may_save(row: NotificationState | None, change: StateChange) -> bool:
    """The condition of a change."""
    revision = row.revision if row else ""
    return revision in (change.before, change.after.revision)


def _as_stored(state: NotificationState) -> NotificationState:
    """A row holds keys, and never a person's words."""
    if state.turn is None:
        return state
    turn = replace(state.turn, notification=state.turn.notification.stripped())
    return replace(state, turn=turn)


def _notification_of(row: Row) -> Notification:
    text, key = str(row["content"]["text"]), ChatKey(row["sender_id"], row["message_id"])
    return Notification(
        key.sender_id,
        key.message_id,
        row["session_id"],
        row["stored_at"],
        text=text,
        text_id=key.message_id if text.strip() else "",
        opt_out=str(row["metadata"].get("opt_out_type") or ""),
        created_at=row["created_at"],
    )


def _note(call: Call[NotificationReads], reads: NotificationReads) -> None:
    try:
        found = call.answer()
    except Unavailable as error:
        reads.problems.append(f"{call.site}:{error.code}")
        return
    reads.sessions |= found.sessions
    reads.states |= found.states
    reads.texts |= found.texts
    reads.newest |= found.newest
    reads.current_sessions |= found.current_sessions
    reads.evidence |= found.evidence
    reads.absence |= found.absence
