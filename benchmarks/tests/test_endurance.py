"""A container that lives long does not grow."""

import io
import tracemalloc

from benchmarks.endurance import endure

WARM = 500
BATCHES = 3_000
CACHED_SENDERS = 100
SLACK_BYTES = 64 * 1024  # less than 22 bytes a batch: not even a number could be kept


class Nowhere(io.StringIO):
    """A log that keeps nothing."""

    def write(self, line: str) -> int:
        return len(line)


def test_memory_is_flat_however_many_batches_and_senders_have_come() -> None:
    """Each batch brings a new sender; the cache of sessions forgets the oldest."""
    batches = endure(BATCHES, Nowhere(), CACHED_SENDERS)
    tracemalloc.start()
    try:
        while next(batches) < WARM:
            pass
        settled, _ = tracemalloc.get_traced_memory()
        for _ in batches:
            pass
        grown = tracemalloc.get_traced_memory()[0] - settled
    finally:
        tracemalloc.stop()
    assert grown < SLACK_BYTES
