"""The SessionKeyStore of the in-memory world; its row lies where DynamoDB's other rows do."""

from __future__ import annotations

from functools import partial

from consumer.conversation.ports import SessionKeyAnswer
from consumer.errors import Refused, Unavailable
from tests.support.memory.tables import Tables
from tests.support.memory.wire import Wire


class MemorySessionKeyStore:
    """See SessionKeyStore."""

    def __init__(self, tables: Tables, wire: Wire) -> None:
        self._tables = tables
        self._wire = wire

    def read(self) -> SessionKeyAnswer:
        """Read the row as it is."""
        try:
            key = self._wire.read("conversations.key", lambda: self._tables.session_key)
        except (Unavailable, Refused) as error:
            return _failed(error)
        return SessionKeyAnswer(key, is_absent=not key)

    def create(self, candidate: str) -> SessionKeyAnswer:
        """Write the row unless it is there."""
        apply = partial(self._tables.put_session_key, candidate)
        try:
            is_written = self._wire.write("conversations.new_key", apply)
        except (Unavailable, Refused) as error:
            return _failed(error)
        return SessionKeyAnswer(
            candidate if is_written else "", problem="" if is_written else "key"
        )


def _failed(error: Unavailable | Refused) -> SessionKeyAnswer:
    is_rejected = isinstance(error, Refused)
    return SessionKeyAnswer(problem=f"session key:{error.code}", is_rejected=is_rejected)
