"""Calls made at once: one wave takes as long as its slowest call."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Wave:
    """Has at most `width` calls under way."""

    def __init__(self, width: int) -> None:
        self._width = width

    def run(self, starts: Sequence[Callable[[], Callable[[], T]]]) -> list[T]:
        """Start calls, then finish them; gives their results in their order.

        A start sends its call off and gives what waits for its answer.
        """
        results: list[T] = []
        for first in range(0, len(starts), self._width):
            under_way = [start() for start in starts[first : first + self._width]]
            results += [finish() for finish in under_way]
        return results
