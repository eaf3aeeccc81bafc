"""A secondary index: eventually consistent, each row after a delay of its own.

Until its time has come a row is missing, or shows the state before. Changes of one row
come in their order.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from consumer.conversation.session import Session


class LaggingIndex:
    """`SenderSessionsIndex`."""

    def __init__(self) -> None:
        self._shown: defaultdict[str, dict[str, Session]] = defaultdict(dict)
        self._coming: defaultdict[str, list[tuple[float, Session]]] = defaultdict(list)

    def put(self, session: Session, shows_at: float) -> None:
        """Show this state of the row from then on."""
        coming = self._coming[session.sender_id]
        before = [at for at, each in coming if each.session_id == session.session_id]
        coming.append((max([shows_at, *before]), session))

    def newest(self, sender_id: str, now: float) -> Session | None:
        """Newest first, Limit=1; of two with one `created_at` always the same."""
        coming = self._coming[sender_id]
        shown = self._shown[sender_id]
        for shows_at, session in coming:
            if shows_at <= now:
                shown[session.session_id] = session
        coming[:] = [each for each in coming if each[0] > now]
        return max(shown.values(), key=lambda s: (s.created_at, s.session_id), default=None)


NEWEST_CHATS = 25


class ChatIndex:
    """`SenderTimeIndex`, of inbound chats."""

    def __init__(self) -> None:
        self._rows: defaultdict[str, list[tuple[float, Mapping[str, Any]]]] = defaultdict(list)

    def put(self, row: Mapping[str, Any], shows_at: float) -> None:
        self._rows[row["sender_id"]].append((shows_at, row))

    def newest(self, sender_id: str, now: float) -> list[Mapping[str, Any]]:
        """The newest that show, the newest first."""
        shown = [row for shows_at, row in self._rows[sender_id] if shows_at <= now]
        return sorted(shown, key=lambda row: row["created_at"], reverse=True)[:NEWEST_CHATS]


class Reply(NamedTuple):
    """An outbound chat; `at` in whole epoch seconds."""

    at: int
    session_id: str
    shows_at: float


class Replies:
    """Outbound chats: when each was written, and from when the index shows it."""

    def __init__(self) -> None:
        self._written: defaultdict[str, list[Reply]] = defaultdict(list)

    def put(self, sender_id: str, session_id: str, now: float, shows_at: float) -> None:
        """The reply service stamps its chats in whole seconds."""
        self._written[sender_id].append(Reply(math.floor(now), session_id, shows_at))

    def since(self, sender_id: str, moment: float, now: float = math.inf) -> list[Reply]:
        """Those written since, and shown by the index by `now`."""
        written = self._written[sender_id]
        return [each for each in written if each.at >= int(moment) and each.shows_at <= now]
