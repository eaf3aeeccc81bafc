"""Which session follows which: our ids are made from the id before, so they tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from consumer.conversation.session import Session, session_id_after


class Lineage:
    """The sessions that we opened, each with the one it follows."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key
        self._before: dict[str, str | None] = {}

    def add(self, session: Session, others: Iterable[Session]) -> None:
        """Note a session as ours; it follows one of the others, none, or, broken, nobody knows."""
        candidates = ["", *(each.session_id for each in others)]
        sender_id, key = session.sender_id, self._key().encode()
        match = (c for c in candidates if session_id_after(sender_id, c, key) == session.session_id)
        self._before[session.session_id] = next(match, None)

    def is_ours(self, session_id: str) -> bool:
        return session_id in self._before

    def of(self, session_id: str) -> set[str]:
        """The session and everything it goes back to."""
        found: set[str] = set()
        each: str | None = session_id
        while each and each not in found:
            found.add(each)
            each = self._before.get(each)
        return found

    def foreign(self, one: str, other: str) -> Collection[str]:
        """Sessions of the reply service that only one of the two goes back to."""
        return [each for each in self.of(one) ^ self.of(other) if not self.is_ours(each)]
