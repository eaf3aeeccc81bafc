"""The key that session ids are made with: one a stack, made once, read once a container."""

from collections.abc import Callable

from consumer.conversation.ports import SessionKeyAnswer, SessionKeyStore
from consumer.conversation.session import MIN_KEY_LENGTH

WITHOUT_KEY = b""


class SessionKey:
    """Reads the key when it is first needed, and keeps it.

    Without a store there is no key: ids are then made as before there was one.
    """

    def __init__(
        self, store: SessionKeyStore | None = None, new_key: Callable[[], str] = str
    ) -> None:
        self._store = store
        self._new_key = new_key
        self._key = WITHOUT_KEY if store is None else None
        self._is_absent = False

    @property
    def value(self) -> bytes | None:
        """The key; None while it is not known."""
        return self._key

    def learn(self) -> SessionKeyAnswer:
        """Make one call for it: read it, or, where the last read has found none, create it.

        Whoever creates it at the same time reads what the first one wrote.
        """
        if self._key is not None or self._store is None:
            return SessionKeyAnswer()
        is_absent, self._is_absent = self._is_absent, False
        answer = self._store.create(self._new_key()) if is_absent else self._store.read()
        self._is_absent = answer.is_absent
        if answer.key and len(answer.key) < MIN_KEY_LENGTH:
            return SessionKeyAnswer(problem="session key:too short", is_rejected=True)
        self._key = answer.key.encode() if answer.key else None
        return answer
