"""The guarantees, with everything going wrong that can.

A thousand messages of fifty people flow while calls are refused, throttled, cut short, dropped
before and after they took effect, and both functions are killed before, during and after calls.
FAULT_SEED chooses the chance, FAULT_RUNS how often (`make test ARGS="tests/e2e/test_faults.py"`).
"""

import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.fault_run import FaultRun, running_fault_run
from tests.e2e.run_report import RunReport
from tests.e2e.traffic import MESSAGES, ONE_GROUP, PRIVATE_WORD, Traffic, write_traffic
from tests.e2e.world import World, eventually, new_sender, write
from unc.aws.queues import read_depth
from unc.local.reply_stand_in import ReceivedPost

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.timeout(3600),  # a run waits for many facts, one after the other
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="finds processes in /proc"),
]

RUNS = int(os.environ.get("FAULT_RUNS", "1"))
SEED = int(os.environ.get("FAULT_SEED", random.SystemRandom().randrange(10**9)))
COMPLETED_EVERY = 20
# Some calls are rare: who is alone in a batch is written otherwise than the many.
MORE_AT_MOST = 200


@pytest.fixture(scope="module", params=range(RUNS), ids=lambda run: f"run {run + 1}")
def report(request: pytest.FixtureRequest) -> Iterator[RunReport]:
    """One run from the first message to the last retry."""
    seed = SEED + request.param
    show(seed)
    with running_fault_run(seed) as run:
        end_some_conversations(run)
        traffic = write_traffic(random.Random(seed))
        traffic.send(run.world)
        await_intake(run)
        send_more(run, traffic)
        report = RunReport(run, traffic)
        with contextlib.suppress(AssertionError):  # a test of its own says who was not
            eventually(lambda: not report.unanswered(), "everybody is answered")
        await_end(run)
        yield report


@pytest.fixture(autouse=True)
def shown_seed(report: RunReport) -> None:
    """Every test that fails shows the seed, not only the first one."""
    show(report.run.schedule.seed)


def test_every_fault_was_injected(report: RunReport) -> None:
    """What follows is worth something only if every fault was injected."""
    assert report.run.schedule.not_injected() == set()
    killed = {each.operation for each in report.run.journal.exchanges if each.fault.kills}
    assert {"Query", "POST", "TransactWriteItems"} <= killed
    batches = [json.loads(line) for line in report.log if '"batch handled"' in line]
    assert any(each.get("Failed") for each in batches)


def test_nothing_is_lost(report: RunReport) -> None:
    """Every message is stored with its text, or lies in a dead-letter queue with a reason."""
    stored = {row["message_id"]: row for rows in report.chats.values() for row in rows}
    dead = {letter["Body"] for letter in report.dead_letters}
    missing = [each for each in report.traffic.messages if each.message_id not in stored]
    assert [each.label for each in missing if each.body not in dead] == []
    for message in report.traffic.messages:
        if message not in missing:
            assert stored[message.message_id]["content"]["text"] == message.label


def test_nothing_is_doubled(report: RunReport) -> None:
    """No row is there that nobody sent, and each was written once and never touched again."""
    sent = {each.message_id for each in report.traffic.messages}
    assert report.moments.keys() <= sent
    assert Counter(report.changes()) == Counter({(each, "INSERT"): 1 for each in report.moments})


def test_everybody_s_messages_keep_their_order(report: RunReport) -> None:
    """By place, and by SessionIndex within each session."""
    for sender, messages in report.traffic.by_sender().items():
        stored = [each.label for each in messages if each.message_id in report.moments]
        assert [row["content"]["text"] for row in report.chats[sender]] == stored
        for session in report.sessions[sender]:
            conversation = report.run.world.conversation(session["session_id"])
            assert conversation == [label for label in stored if label in conversation]


def test_everybody_has_one_conversation(report: RunReport) -> None:
    """At most one active session of our making, and messages only ever move on to a newer one.

    Not promised where the reply service opened a session of its own at the same moment.
    """
    ours = {s: all_ for s, all_ in report.sessions.items() if report.has_only_our_sessions(s)}
    assert any(len(sessions) > 1 for sessions in ours.values())
    for sender, sessions in ours.items():
        assert {each["status"] for each in sessions[:-1]} <= {"completed"}
        places = [each["session_id"] for each in sessions]
        went = [places.index(row["session_id"]) for row in report.chats[sender]]
        assert went == sorted(went)


def test_poison_is_dead_lettered_once_with_its_reason(report: RunReport) -> None:
    """Whatever lies there has a reason, and no notification was dead-lettered."""
    letters = report.dead_letters
    assert all(each["MessageAttributes"]["Reason"]["StringValue"] for each in letters)
    bodies = [each["Body"] for each in letters if each["Body"] in report.traffic.poison]
    assert sorted(bodies) == sorted(report.traffic.poison)
    world = report.run.world
    assert world.take_dead_letters(world.resources.reply_dead_letter_queue) == []
    assert world.is_empty(world.resources.stream_failure_queue)


def test_everybody_is_answered(report: RunReport) -> None:
    """Each sender's last message is covered by an accepted POST made after it was stored.

    Unknown outcomes are no exception: the reply service leaves a trace, and they are looked up.
    """
    unanswered = report.unanswered()
    assert not unanswered, "\n\n".join(map(report.run.journal.story, unanswered))
    texts = {each.message_id: each.label for each in report.traffic.messages}
    assert all(each.message == texts[each.idempotency_key] for each in report.accepted())


def test_nobody_is_answered_twice(report: RunReport) -> None:
    """No message is accepted twice, and none that an accepted POST had covered."""
    accepted = Counter(each.idempotency_key for each in report.accepted())
    assert [key for key, times in accepted.items() if times > 1] == []
    assert report.notified_again() == []


def test_logs_stay_quiet_about_people(report: RunReport) -> None:
    """Trouble does not make them talk: no text, no number, no secret."""
    private = [PRIVATE_WORD, report.run.world.stack.secret, *report.chats]
    assert any('"notifications handled"' in line for line in report.log)
    assert [line for line in report.log if any(word in line for word in private)] == []


def show(seed: int) -> None:
    print(f"FAULT_SEED={seed} repeats this schedule")


def end_some_conversations(run: FaultRun) -> None:
    """Have the reply service complete a session now and then, as it does when a talk is over."""
    writer = run.world.reply.writer

    def note(post: ReceivedPost) -> None:
        if len(run.world.reply.posts) % COMPLETED_EVERY == 0:
            session = writer.find_session(post.sender_id)
            if session:
                writer.complete_session(session)

    run.world.reply.on_post = note


def await_intake(run: FaultRun) -> None:
    """Until every message has left the queue; each hundred of them has the whole time limit."""
    world, queue = run.world, run.world.resources.queue
    for left in range(MESSAGES, -1, -100):
        eventually(partial(has_at_most, world, queue, left), f"no more than {left} wait")
    eventually(lambda: world.is_empty(queue), "every message has left the queue")


def send_more(run: FaultRun, traffic: Traffic) -> None:
    """Go on, one message after the other, until every fault was injected."""
    for _ in range(MORE_AT_MOST):
        if not run.schedule.not_injected():
            return
        traffic.send_more(run.world)
        eventually(lambda: run.world.is_empty(run.world.resources.queue), "it has left, too")


def has_at_most(world: World, queue: str, waiting: int) -> bool:
    return read_depth(world.stack.aws, queue).waiting <= waiting


def await_end(run: FaultRun) -> None:
    """Stop injecting faults, then wait until the stream and both queues are empty."""
    run.schedule.stop()
    follower = write(new_sender(), "a later message shows that the stream has moved on")
    run.world.send(follower.body, ONE_GROUP)
    run.world.await_notified(follower)
    run.world.await_quiet()
