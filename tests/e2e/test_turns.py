"""One turn at a time: bursts, lanes that overlap, and processes that die within their POSTs."""

import random
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from threading import Thread

import pytest

from tests.e2e.lanes import Lane, stop_stream, stream_records
from tests.e2e.world import World, eventually, new_sender, write
from tests.support.turns import most_posts
from unc.local.reply_stand_in import ReceivedPost
from unc.local.stack import Settings, running_stack
from unc.messages.message import Message

pytestmark = pytest.mark.emulator

PEOPLE = 10
BETWEEN_SECONDS = 0.7
REPLY_SECONDS = 3.0
LANES = 3
KILLED = 10
# A dead process's turn ends after 10 + 5 + 3 + 5 seconds, and is looked up five later.
QUICK = {"ReplyTimeoutSeconds": "3", "ReplyOutcomeSeconds": "5"}


@pytest.fixture(scope="module")
def quick() -> Iterator[World]:
    """A stack in which a POST with an unknown outcome is looked up soon, read by our lanes."""
    with running_stack(Settings(parameters=QUICK)) as stack:
        world = World(stack)
        stop_stream(world)
        yield world


@pytest.mark.parametrize("quiet_seconds", [0, 2])
def test_a_burst_of_each_of_ten_people_gets_few_answers(quiet_seconds: int) -> None:
    """Four messages each, while each reply takes longer than the burst.

    Undisturbed, the recorded times allow two POSTs a person, and one with a quiet time.
    """
    parameters = {"ReplyQuietSeconds": str(quiet_seconds)}
    with running_stack(Settings(parameters=parameters)) as stack:
        world = World(stack)
        world.reply.delay_seconds = REPLY_SECONDS
        senders = [new_sender() for _ in range(PEOPLE)]
        messages: list[Message] = []
        for turn in range(4):
            for sender in senders:
                messages.append(write(sender, f"part {turn}"))
                world.send(messages[-1].body, messages[-1].sender_id)
            time.sleep(BETWEEN_SECONDS)
        world.await_notified(*messages)
        world.await_quiet()
        for sender_id in {each.sender_id for each in messages}:
            posts = posts_of(world, sender_id)
            expect_no_overlap(posts)
            stored = [float(each["stored_at"]) for each in world.inbound(sender_id)]
            assert len(posts) <= most_posts(stored, [each.at for each in posts], quiet_seconds)
            assert posts[-1].message == "part 3"


def test_lanes_that_run_at_once_take_turns(quick: World) -> None:
    """Sixty messages of six people, spread over three notifier processes."""
    quick.reply.delay_seconds = 1.0
    senders = [new_sender() for _ in range(6)]
    messages = [write(senders[n % 6], f"message {n}") for n in range(60)]
    for message in messages:
        quick.send(message.body, message.sender_id)
    quick.await_stored(*messages)
    sender_ids = sorted({each.sender_id for each in messages})
    records = stream_records(quick, sender_ids)
    random.Random(7).shuffle(records)
    lanes = [Lane(quick) for _ in range(LANES)]
    threads = [
        Thread(target=run_in_batches, args=(lane, records[n::LANES]))
        for n, lane in enumerate(lanes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quick.await_notified(*messages)
    for lane in lanes:
        lane.close()
    for sender_id in sender_ids:
        posts = posts_of(quick, sender_id)
        expect_no_overlap(posts)
        assert len(posts) <= 2, "all were stored before the first POST"


def test_who_dies_within_a_post_leaves_nobody_without_an_answer_and_nobody_with_two(
    quick: World,
) -> None:
    """The evidence in the tables tells which POSTs were answered."""
    quick.reply.delay_seconds = 1.0
    messages = [write(new_sender(), f"hello {n}") for n in range(KILLED)]
    for message in messages:
        quick.send(message.body, message.sender_id)
    quick.await_stored(*messages)
    draw, lanes = random.Random(11), [Lane(quick) for _ in messages]
    for lane, message in zip(lanes, messages, strict=True):
        lane.begin(stream_records(quick, [message.sender_id]))
    sender_ids = {each.sender_id for each in messages}
    eventually(lambda: sender_ids <= {*quick.reply.begun}, "all POSTs have begun")
    for lane in lanes:
        time.sleep(draw.random() * 0.1)
        lane.kill()
    for lane, message in zip(lanes, messages, strict=True):
        lane.run(stream_records(quick, [message.sender_id]))
    quick.await_notified(*messages)
    quick.await_quiet()
    for lane in lanes:
        lane.close()
    assert [len(quick.reply.accepted(each.sender_id)) for each in messages] == [1] * KILLED


def run_in_batches(lane: Lane, records: list[dict[str, object]]) -> None:
    for start in range(0, len(records), 3):
        lane.run(records[start : start + 3])


def posts_of(world: World, sender_id: str) -> list[ReceivedPost]:
    posts = [each for each in world.reply.posts if each.sender_id == sender_id]
    return sorted(posts, key=lambda each: each.began_at)


def expect_no_overlap(posts: Sequence[ReceivedPost]) -> None:
    assert all(one.at <= other.began_at for one, other in pairwise(posts))
