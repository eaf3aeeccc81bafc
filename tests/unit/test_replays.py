"""A replay is a deliberate second POST: its key is its own, and its attempts share it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from consumer.notification.step import Outcome, PostEnd
from tests.support.builders import SENDER, notification
from tests.support.doubles import ScriptedReplies, StreamWorld
from tests.support.turns import open_turn, sid

STEP = Decimal("0.000001")


@dataclass
class KeyedReplies(ScriptedReplies):
    """A service that honours keys: what it has answered under one it does not answer again."""

    answered: list[str] = field(default_factory=list)

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[dict[str, PostEnd]]:
        for ends in super().post(notifications, seconds_to_start):
            for each in notifications:
                end = ends.get(each.sender_id)
                is_accepted = end is not None and end.outcome is Outcome.ACCEPTED
                if is_accepted and each.idempotency_key not in self.answered:
                    self.answered.append(each.idempotency_key)
            yield ends

    @property
    def keys(self) -> list[str]:
        """The key of each POST."""
        return [each.idempotency_key for each in self.notified]


@pytest.fixture
def replies() -> KeyedReplies:
    return KeyedReplies()


@pytest.fixture
def world(replies: KeyedReplies) -> StreamWorld:
    """A sender who was answered once, some seconds ago."""
    world = StreamWorld(replies=replies)
    world.notify(world.store())
    world.pass_time(10)
    return world


def replay(world: StreamWorld, times: int = 1) -> None:
    """As `unc replay` does, once or several times before the notifier reads."""
    known = [world.row().notified_through]
    known += [turn.notification.stored_at for turn in [world.row().turn] if turn]
    known += [waits.notification.stored_at for waits in [world.row().pending] if waits]
    again = notification(
        message_id=sid(1), stored_at=max(known) + STEP, text=None, is_replay=True, wake_at=0.0
    )
    body = retry_body(again)
    for number in range(times):
        world.retry({"messageId": f"replay-{number}", "body": body})


def test_a_service_that_honours_keys_answers_a_replay(
    world: StreamWorld, replies: KeyedReplies
) -> None:
    replay(world)
    assert replies.texts == ["hi", "hi"]
    assert len(replies.answered) == 2
    assert replies.answered[0] == sid(1)


def test_each_replay_is_answered(world: StreamWorld, replies: KeyedReplies) -> None:
    replay(world)
    world.pass_time(10)
    replay(world)
    assert len(replies.answered) == 3


def test_run_twice_before_the_notifier_reads_it_is_one_post(
    world: StreamWorld, replies: KeyedReplies
) -> None:
    replay(world, times=2)
    assert len(replies.keys) == 2


@pytest.mark.parametrize("outcome", [Outcome.CANNOT_DELIVER_NOW, Outcome.UNKNOWN])
def test_the_attempts_of_one_replay_share_their_key(
    world: StreamWorld, replies: KeyedReplies, outcome: Outcome
) -> None:
    replies.outcomes[SENDER] = outcome
    replay(world)
    world.wake()
    replies.outcomes.clear()
    world.wake_all()
    first, *attempts = replies.keys
    assert first == sid(1)
    assert len(attempts) >= 2
    assert len(set(attempts)) == 1
    assert replies.answered == [first, attempts[0]]


def test_a_replay_waits_for_an_open_turn_and_keeps_its_own_key(replies: KeyedReplies) -> None:
    """Here the turn is never ended, and the service has left no trace of it."""
    world = StreamWorld(replies=replies)
    turn = open_turn(world)
    replay(world)
    assert replies.keys == []
    world.wake_all()
    [key] = replies.keys
    assert key.startswith(f"{turn.notification.message_id}/")


def test_a_newer_message_takes_its_own_key(world: StreamWorld, replies: KeyedReplies) -> None:
    """It covers the replay, and nobody was answered under its id."""
    replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    replay(world)
    replies.outcomes.clear()
    world.notify(world.store(2, text="two"))
    world.wake_all()
    assert replies.answered == [sid(1), sid(2)]
