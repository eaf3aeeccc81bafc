"""Bursts whose messages and wake-ups meet containers with clocks up to five seconds apart.

No call fails here, so that nothing but a clock can keep a message from its POST.
"""

from dataclasses import replace
from random import Random

from consumer.notification import turn
from handlers.dynamo_event_handler import handle_retries, handle_stream
from tests.simulation.settings import LARGEST_SKEW
from tests.simulation.swap import Swap, swapped
from tests.support.doubles import Context, NotifierDependencies, StreamWorld

BURSTS = 3000
MESSAGES = 6
LONGEST_GAP_SECONDS = 1.5
LONGEST_REPLY_SECONDS = 0.5


class Burst:
    """Some messages of one sender; each batch goes to a container with a clock of its own."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._world = StreamWorld()
        self._world.replies.on_post = self._reply

    def run(self) -> bool:
        """Let it all happen; gives whether the newest message was told."""
        for number in range(1, MESSAGES + 1):
            self._pass_time(self._random.random() * LONGEST_GAP_SECONDS)
            record = self._world.store(number)
            handle_stream([record], Context(60.0), self._container())
        self._pass_time(600)
        newest = max(row["stored_at"] for row in self._world.tables.chats.values())
        return self._world.row().notified_through == newest

    def _pass_time(self, seconds: float) -> None:
        """Handle each wake-up in the moment in which it is due."""
        until = self._world.now + seconds
        queue = self._world.services.retries
        while due := [each for each in queue.messages.values() if each.visible_at <= until]:
            soonest = min(due, key=lambda each: each.visible_at)
            self._world.pass_time(max(0.0, soonest.visible_at - self._world.now))
            record = {"messageId": soonest.id, "body": soonest.body}
            if not handle_retries([record], Context(60.0), self._container()):
                queue.delete(soonest)
        self._world.pass_time(max(0.0, until - self._world.now))

    def _container(self) -> NotifierDependencies:
        skew = LARGEST_SKEW * (2 * self._random.random() - 1)
        given = self._world.dependencies
        runtime = replace(given.runtime, clock=lambda: self._world.now + skew)
        return replace(given, runtime=runtime)

    def _reply(self) -> None:
        self._world.pass_time(self._random.random() * LONGEST_REPLY_SECONDS)


def test_the_newest_message_is_told_whatever_the_clocks_say() -> None:
    assert [seed for seed in range(BURSTS) if not Burst(seed).run()] == []


def test_it_would_not_be_if_a_handled_wake_up_still_counted() -> None:
    def leave(step: object, woken_by: object) -> object:
        return step

    with swapped([Swap(turn, "_without_handled_wake_up", leave)]):
        assert not all(Burst(seed).run() for seed in range(BURSTS))
