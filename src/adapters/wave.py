"""Calls made at once: one wave takes as long as its slowest call."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


class Wave:
    """Runs calls on threads that live as long as the container."""

    def __init__(self, width: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=width)

    def run(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """The calls' results in their order; the last one runs on the caller's own thread.

        An exception of a call is raised once all have ended.
        """
        if not calls:
            return []
        others = [self._pool.submit(call) for call in calls[:-1]]
        try:
            last = calls[-1]()
        finally:
            wait(others)
        return [each.result() for each in others] + [last]
