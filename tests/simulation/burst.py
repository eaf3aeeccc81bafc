"""What a burst costs, counted on the services in memory: `python -m tests.simulation.burst`.

One sender writes some messages within one turn; each reply takes three seconds. With one batch at
a time all but the first wait in the stream; with several, each comes in a batch of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.doubles import RULES, StreamWorld

REPLY_SECONDS = 3.0
LONGEST_GAP_SECONDS = 0.7
SIZES = (1, 2, 4, 10)
QUIET_SECONDS = 2.0


@dataclass(frozen=True)
class Burst:
    """POSTs, writes of the sender's row, SQS messages, and when the last POST left.

    `delay`: from the end of the answer before to the last POST, or from the last message where
    there is one POST; in seconds.
    """

    posts: int
    writes: int
    sqs_messages: int
    delay: float


@dataclass
class _Writer:
    """Somebody who writes so many messages, with the same gap between any two."""

    world: StreamWorld
    count: int
    gap: float
    written: int = 0
    last_at: float = 0.0
    posts: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    def write(self) -> dict[str, Any]:
        """Store the next message; gives its stream record."""
        self.written += 1
        self.last_at = self.world.now
        return self.world.store(self.written, text=f"part {self.written}")

    def write_later(self) -> dict[str, Any]:
        """The same after the gap; wake-ups that come due meanwhile are handled."""
        then = self.world.now + self.gap
        while any(at <= then for at in _due(self.world)):
            self.world.wake()
        self.world.pass_time(max(0.0, then - self.world.now))
        return self.write()

    @property
    def has_more(self) -> bool:
        return self.written < self.count


def measure(count: int, in_parallel: bool, quiet_seconds: float = 0.0) -> Burst:
    """Run one burst to its end."""
    world = StreamWorld(replace(RULES, quiet_seconds=quiet_seconds, longest_wait_seconds=30.0))
    gap = min(LONGEST_GAP_SECONDS, 0.8 * REPLY_SECONDS / max(1, count - 1))
    writer, waiting = _Writer(world, count, gap), list[dict[str, Any]]()

    def answer() -> None:
        writer.posts.append(world.now)
        end = world.now + REPLY_SECONDS
        while writer.has_more:
            record = writer.write_later()
            _receive(world, [record]) if in_parallel else waiting.append(record)
        world.pass_time(end - world.now)
        writer.answers.append(world.now)

    world.replies.on_post = answer
    _receive(world, [writer.write()])
    _receive(world, waiting)
    while writer.has_more:
        _receive(world, [writer.write_later()])
    world.wake_all()
    return _counted(writer)


def _receive(world: StreamWorld, records: Sequence[dict[str, Any]]) -> None:
    """Hand over one batch, unless it is empty."""
    if records:
        world.notify(*records)


def _due(world: StreamWorld) -> list[float]:
    return [each.visible_at for each in world.services.retries.messages.values()]


def _counted(writer: _Writer) -> Burst:
    calls = writer.world.calls
    before = writer.answers[-2] if len(writer.answers) > 1 else writer.last_at
    return Burst(
        posts=len(writer.posts),
        writes=calls.get("notifications.save", 0),
        sqs_messages=calls.get("retry_queue.schedule", 0),
        delay=round(writer.posts[-1] - before, 1),
    )


def table() -> list[str]:
    """The rows for benchmarks/README.md."""
    lines = [
        "| quiet time | batches in parallel | messages | POSTs | writes | SQS messages | delay |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for quiet, lanes in ((0.0, 1), (0.0, 10), (QUIET_SECONDS, 1), (QUIET_SECONDS, 10)):
        for count in SIZES:
            burst = measure(count, lanes > 1, quiet)
            counted = f"{burst.posts} | {burst.writes} | {burst.sqs_messages} | {burst.delay:.1f} s"
            lines.append(f"| {quiet:g} s | {lanes} | {count} | {counted} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
