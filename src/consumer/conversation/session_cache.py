"""The session each sender was last seen in: a hint that reads confirm, never a truth."""

from collections import OrderedDict

DEFAULT_CAPACITY = 10_000


class SessionCache:
    """Session ids by sender, the least recently used forgotten first."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._session_ids: OrderedDict[str, str] = OrderedDict()

    def get(self, sender_id: str) -> str | None:
        return self._session_ids.get(sender_id)

    def put(self, sender_id: str, session_id: str) -> None:
        self._session_ids[sender_id] = session_id
        self._session_ids.move_to_end(sender_id)
        if len(self._session_ids) > self._capacity:
            self._session_ids.popitem(last=False)
