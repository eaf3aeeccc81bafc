"""Looking into a dead-letter queue without taking: what is not removed goes back at the end.

There is no peeking in SQS: what was received is out of sight for everybody until it is released.
The dead-letter queues have no redrive policy of their own, so being received costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from unc.dlq.dead_letter import DeadLetter
from unc.dlq.queue_client import LetterBox

LETTERS_HELD = 5_000
# Letters show again when their time out of sight is over; a few such pages prove nothing.
STALE_PAGES = 3


class Hold:
    """Letters out of sight, for as long as a `with` block lasts; at most about `limit` at once."""

    def __init__(self, box: LetterBox, limit: int = LETTERS_HELD) -> None:
        self.box = box
        self.limit = limit
        self.held: dict[str, DeadLetter] = {}

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.box.release(list(self.held.values()))

    @property
    def is_full(self) -> bool:
        """Say whether no more are taken out of sight."""
        return len(self.held) >= self.limit

    def pages(self) -> Iterator[list[DeadLetter]]:
        """Yield letters not seen before, as they come, until no more can be had."""
        stale = 0
        while not self.is_full and stale < STALE_PAGES and (page := self.box.receive()):
            fresh = [letter for letter in page if letter.id not in self.held]
            self.held |= {letter.id: letter for letter in page}
            stale = 0 if fresh else stale + 1
            if fresh:
                yield fresh

    def letters(self) -> Iterator[DeadLetter]:
        """Yield them one by one."""
        for page in self.pages():
            yield from page

    def remove(self, letters: Sequence[DeadLetter]) -> set[str]:
        """Delete letters for good; gives the ids of those that are gone."""
        # The handle of a letter that came twice is good only from its last receive.
        gone = self.box.remove([self.held.get(letter.id, letter) for letter in letters])
        for id in gone:
            self.held.pop(id, None)
        return gone
