"""The three tables: rows are consistent, the index lags, a transaction is all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumer.conversation.session import Session
from consumer.notification.state import NotificationState
from consumer.webhook.message import ChatKey
from tests.support.memory.index import ChatIndex, LaggingIndex, Replies

Row = Mapping[str, Any]

# What the reply service writes may show still later than what we write.
REPLY_LAG = 3


@dataclass(frozen=True, slots=True)
class PutChat:
    """Store a chat unless its key is there."""

    key: ChatKey
    row: Row


@dataclass(frozen=True, slots=True)
class PutSession:
    """Create a session unless its id is there."""

    session: Session


Put = PutChat | PutSession


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transaction's action failed: the row that was there, or a refusal."""

    existing: Session | None = None
    is_present: bool = False
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction that was applied."""

    chats: Sequence[PutChat]
    opened: Sequence[Session]


@dataclass(slots=True)
class Tables:
    """`index_lag` gives the seconds that a change needs to show in the index.

    `refuses` says of a chat that no table can hold it.
    """

    index_lag: Callable[[], float] = lambda: 0.0
    refuses: Callable[[Row], bool] = lambda row: False
    sessions: dict[str, Session] = field(default_factory=dict)
    chats: dict[ChatKey, Row] = field(default_factory=dict)
    notifications: dict[str, NotificationState] = field(default_factory=dict)
    session_key: str = ""
    index: LaggingIndex = field(default_factory=LaggingIndex)
    chat_index: ChatIndex = field(default_factory=ChatIndex)
    replies: Replies = field(default_factory=Replies)

    def put_session(self, session: Session, now: float) -> None:
        """Write a session as its writer wants it, without conditions."""
        self.sessions[session.session_id] = session
        self.index.put(session, now + self.index_lag())

    def put_session_key(self, key: str) -> bool:
        """Write the key unless there is one; gives whether it was written."""
        is_new = not self.session_key
        self.session_key = self.session_key or key
        return is_new

    def put_reply(self, sender_id: str, now: float) -> None:
        """The reply service writes an outbound chat into the session that it finds."""
        session = self.index.newest(sender_id, now)
        session_id = session.session_id if session else ""
        self.replies.put(sender_id, session_id, now, now + REPLY_LAG * self.index_lag())

    def sessions_of(self, sender_id: str) -> list[Session]:
        return [each for each in self.sessions.values() if each.sender_id == sender_id]

    def transact(self, puts: Sequence[Put], now: float) -> Commit | list[Reason | None]:
        """Apply all, or none: then one reason or None for each."""
        reasons = [self._check(put) for put in puts]
        return reasons if any(reasons) else self.apply(puts, now)

    def apply(self, puts: Sequence[Put], now: float) -> Commit:
        """Apply puts without a look at their conditions."""
        chats = [put for put in puts if isinstance(put, PutChat)]
        opened = [put.session for put in puts if isinstance(put, PutSession)]
        for session in opened:
            self.put_session(session, now)
        for chat in chats:
            self.chats[chat.key] = chat.row
            self.chat_index.put(chat.row, now + self.index_lag())
        return Commit(chats, opened)

    def _check(self, put: Put) -> Reason | None:
        if isinstance(put, PutSession):
            there = self.sessions.get(put.session.session_id)
            return Reason(existing=there) if there else None
        if self.refuses(put.row):
            return Reason(is_refusal=True)
        return Reason(is_present=True) if put.key in self.chats else None
