"""The NotificationStore of the in-memory world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from consumer.errors import Unavailable
from consumer.notification.ports import ClaimResult, NotificationReads
from consumer.notification.state import NOBODY, Claim, NotificationState
from consumer.webhook.message import ChatKey
from tests.support.memory.observer import Observer
from tests.support.memory.tables import NotificationRow, Tables
from tests.support.memory.wire import Call, Wire

MAX_KEYS = 100
MAX_ACTIONS = 100

Key = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """A conditional update of one sender's row."""

    sender_id: str
    allows: Callable[[NotificationRow], bool]
    change: Callable[[NotificationRow], None]


class MemoryNotificationStore:
    """Which notifications are claimed and notified."""

    def __init__(self, tables: Tables, wire: Wire, observer: Observer) -> None:
        self._tables = tables
        self._wire = wire
        self._observer = observer

    def read(
        self, sessions: Collection[str], senders: Collection[str], chats: Collection[ChatKey]
    ) -> NotificationReads:
        """One read for each hundred keys, all at once."""
        reads = NotificationReads()
        process = self._wire.process
        keys: list[Key] = [("session", each) for each in sessions]
        keys += [("row", each) for each in senders] + [("text", each) for each in chats]
        calls = []
        for start in range(0, len(keys), MAX_KEYS):
            part = keys[start : start + MAX_KEYS]
            left_out = self._wire.leaves_out("notifications.read", part)
            read = partial(self._read, process, [key for key in part if key not in left_out])
            calls.append(Call("notifications.read", read))
            reads.problems += ["UnprocessedKeys"] * bool(left_out)
        for call in self._wire.send_all(calls):
            _note(call, reads)
        return reads

    def claim(self, claims: Sequence[Claim]) -> ClaimResult:
        """Claim all that may be claimed; see `may_claim` for when."""
        applied, is_rejected, problems = self._apply(
            "claim", [self._claim(each) for each in claims]
        )
        return ClaimResult(applied, is_rejected, problems)

    def release(self, claims: Sequence[Claim]) -> set[str]:
        """Release the claims that still stand."""
        applied, is_rejected, _ = self._apply("release", [self._release(each) for each in claims])
        return applied | is_rejected

    def settle(self, notified_through: Mapping[str, Decimal]) -> set[str]:
        """Raise `notified_through`."""
        updates = [self._settle(sender, moment) for sender, moment in notified_through.items()]
        applied, is_rejected, _ = self._apply("settle", updates)
        return applied | is_rejected

    def _read(self, process: Any, keys: Sequence[Key]) -> NotificationReads:
        found = NotificationReads()
        for kind, key in keys:
            if kind == "session":
                session = found.sessions[key] = self._tables.sessions.get(key)
                if session is not None:
                    self._observer.sighted(process, session)
            elif kind == "row":
                found.notifications[key] = self._notification(key)
            else:
                row = self._tables.chats.get(key)
                found.texts[key] = None if row is None else str(row["content"]["text"])
        return found

    def _notification(self, sender_id: str) -> NotificationState | None:
        row = self._tables.notifications.get(sender_id)
        if row is None:
            return None
        return NotificationState(
            row.claimed, row.claimed_by, row.notified_through, row.message_id, row.expires_at
        )

    def _claim(self, claim: Claim) -> Update:
        moment, process = claim.notification.stored_at, self._wire.process

        def change(row: NotificationRow) -> None:
            row.claimed, row.claimed_by = moment, claim.token
            row.message_id, row.expires_at = claim.notification.message_id, claim.expires_at
            self._observer.claimed(process, claim)

        return Update(claim.notification.sender_id, lambda row: may_claim(row, claim), change)

    def _release(self, claim: Claim) -> Update:
        process = self._wire.process

        def change(row: NotificationRow) -> None:
            row.claimed_by = NOBODY
            self._observer.released(process, claim)

        sender_id = claim.notification.sender_id
        return Update(sender_id, lambda row: row.claimed_by == claim.token, change)

    def _settle(self, sender_id: str, moment: Decimal) -> Update:
        process = self._wire.process

        def change(row: NotificationRow) -> None:
            row.notified_through = moment
            self._observer.settled(process, sender_id, moment)

        return Update(
            sender_id,
            lambda row: row.notified_through is None or row.notified_through < moment,
            change,
        )

    def _apply(self, what: str, updates: Sequence[Update]) -> tuple[set[str], set[str], list[str]]:
        """Apply what may be: all at once, then without those whose condition failed."""
        applied: set[str] = set()
        is_rejected: set[str] = set()
        problems: list[str] = []
        for start in range(0, len(updates), MAX_ACTIONS):
            left = list(updates[start : start + MAX_ACTIONS])
            for _ in range(2):
                left = self._try(what, left, applied, is_rejected, problems) if left else []
        return applied, is_rejected, problems

    def _try(
        self,
        what: str,
        updates: list[Update],
        applied: set[str],
        is_rejected: set[str],
        problems: list[str],
    ) -> list[Update]:
        """One transaction; gives the updates that only others' failures held up."""
        try:
            failed = self._wire.write(f"notifications.{what}", partial(self._transact, updates))
        except Unavailable as error:
            problems.append(f"write:{error.code}")
            return []
        is_rejected |= failed
        if not failed:
            applied |= {each.sender_id for each in updates}
            return []
        return [each for each in updates if each.sender_id not in failed]

    def _transact(self, updates: Sequence[Update]) -> set[str]:
        """Apply all or none; gives the senders whose condition failed."""
        rows = self._tables.notifications
        failed = {
            each.sender_id
            for each in updates
            if not each.allows(rows.get(each.sender_id, NotificationRow()))
        }
        for each in [] if failed else updates:
            each.change(rows[each.sender_id])
        return failed


def may_claim(row: NotificationRow, claim: Claim) -> bool:
    """The condition of a claim."""
    moment = claim.notification.stored_at
    if row.notified_through is not None and row.notified_through >= moment:
        return False
    if row.claimed is None or row.claimed < moment:
        return True
    return row.claimed == moment and row.claimed_by in claim.replaces


def _note(call: Call[NotificationReads], reads: NotificationReads) -> None:
    try:
        found = call.answer()
    except Unavailable as error:
        reads.problems.append(f"{call.site}:{error.code}")
    else:
        reads.sessions |= found.sessions
        reads.notifications |= found.notifications
        reads.texts |= found.texts
