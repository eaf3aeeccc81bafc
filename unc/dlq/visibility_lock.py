"""A visibility lock: dead letters are hidden while they are looked at, and released at the end.

There is no peeking in SQS: what was received is out of sight for everybody until it is released.
The dead-letter queues have no redrive policy of their own, so being received costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from unc.dlq.dead_letter import DeadLetter
from unc.dlq.queue_client import QueueClient

_MAX_LOCKED = 5_000
# Dead letters show again when their visibility timeout is over; a few such pages prove nothing.
_STALE_PAGES = 3


class VisibilityLock:
    """Hides dead letters for as long as a `with` block lasts; at most about `limit` at once."""

    def __init__(self, client: QueueClient, limit: int = _MAX_LOCKED) -> None:
        self._client = client
        self._limit = limit
        self.locked: dict[str, DeadLetter] = {}

    def __enter__(self) -> VisibilityLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.release(list(self.locked.values()))

    @property
    def is_full(self) -> bool:
        """Say whether no more are taken out of sight."""
        return len(self.locked) >= self._limit

    def pages(self) -> Iterator[list[DeadLetter]]:
        """Yield dead letters not seen before, as they come, until no more can be had."""
        stale = 0
        while not self.is_full and stale < _STALE_PAGES and (page := self._client.receive()):
            fresh = [dead_letter for dead_letter in page if dead_letter.id not in self.locked]
            self.locked |= {dead_letter.id: dead_letter for dead_letter in page}
            stale = 0 if fresh else stale + 1
            if fresh:
                yield fresh

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Yield them one by one."""
        for page in self.pages():
            yield from page

    def remove(self, dead_letters: Sequence[DeadLetter]) -> set[str]:
        """Delete dead letters for good; gives the ids of those that are gone."""
        # The handle of a dead letter that came twice is good only from its last receive.
        gone = self._client.remove(
            [self.locked.get(dead_letter.id, dead_letter) for dead_letter in dead_letters]
        )
        for id in gone:
            self.locked.pop(id, None)
        return gone
