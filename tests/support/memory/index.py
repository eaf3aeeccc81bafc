"""A secondary index: eventually consistent, each row after a delay of its own.

Until its time has come a row is missing, or shows the state before. Changes of one row
come in their order.
"""

from __future__ import annotations

from collections import defaultdict

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
