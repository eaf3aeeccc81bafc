"""Taking over an account that an older consumer runs in: nothing lost, nothing told again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.e2e.older import account as older
from tests.e2e.older import history
from tests.e2e.world import eventually, new_sender, write
from unc.aws import Aws, local_aws
from unc.cli import run
from unc.emulator import running_emulator
from unc.message import Message
from unc.reply_stand_in import ReplyStandIn, running_stand_in
from unc.reply_writer import ReplyWriter
from unc.stack import ensure_secret

pytestmark = pytest.mark.emulator

HELD, QUEUED = 5, 20
HELD_SECONDS = 8


@dataclass
class OldWorld:
    """The older consumer at work, and what it had done when the takeover began."""

    aws: Aws
    reply: ReplyStandIn
    queue: str
    mappings: tuple[str, str]
    queued: list[Message] = field(default_factory=list)

    def deploy(self, *arguments: str) -> int:
        return run(["deploy", "--set", f"ReplyServiceUrl={self.reply.url}", *arguments])

    def told(self, message: Message) -> int:
        """How many POSTs about it were accepted."""
        told = self.reply.accepted(message.sender_id)
        return sum(telling.message == message.label for telling in told)

    def await_told(self, *messages: Message) -> None:
        for message in messages:
            eventually(lambda one=message: self.told(one) > 0, f"{message.label} told")


@pytest.fixture
def old_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[OldWorld]:
    with running_emulator() as emulator:
        aws = local_aws(emulator.endpoint)
        secret = ensure_secret(aws, None)
        with running_stand_in(secret, ReplyWriter(aws, "sessions", "chats")) as reply:
            stream = older.make_tables(aws)
            queue, _ = older.make_queues(aws)
            older.make_functions(aws, reply.url, secret)
            monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
            yield OldWorld(aws, reply, queue, older.attach(aws, queue, stream))


def _queue_behind_a_lost_worker(world: OldWorld) -> None:
    """Twenty in one group, of which a worker that never comes back holds the first five.

    The older consumer is held off while they are sent, so that it takes none of them before.
    """
    reads = world.mappings[0]
    world.aws.functions.update_event_source_mapping(UUID=reads, Enabled=False)
    for number in range(QUEUED):
        message = write(new_sender(), f"queued {number}")
        older.send(world.aws, world.queue, message.body, "webhook_group")
        world.queued.append(message)
    held = world.aws.sqs.receive_message(
        QueueUrl=world.queue, MaxNumberOfMessages=HELD, VisibilityTimeout=HELD_SECONDS
    )
    assert len(held["Messages"]) == HELD
    world.aws.functions.update_event_source_mapping(UUID=reads, Enabled=True)


def test_everything_is_kept_and_nothing_is_told_again(old_world: OldWorld) -> None:
    history.write_history(old_world.aws)
    before = {table: history.read_all(old_world.aws, table) for table in ("sessions", "chats")}
    assert (len(before["sessions"]), len(before["chats"])) == (history.SESSIONS, history.CHATS)
    recent = write(new_sender(), "stored by the older one")
    older.send(old_world.aws, old_world.queue, recent.body, "another_group")
    old_world.await_told(recent)
    _queue_behind_a_lost_worker(old_world)

    assert old_world.deploy() == 0
    _assert_taken_over(old_world)

    old_world.await_told(*old_world.queued)
    for table, items in before.items():
        after = history.read_all(old_world.aws, table)
        assert [item for item in items if item not in after] == []
    chats = history.read_all(old_world.aws, "chats")
    stored = [chat["message_id"]["S"] for chat in chats if chat["chat_type"]["S"] == "inbound"]
    assert [stored.count(message.message_id) for message in old_world.queued] == [1] * QUEUED
    _send_and_await(old_world, "after the takeover")
    assert [old_world.told(message) for message in [recent, *old_world.queued]] == [1] * 21
    about_old = [t.message for t in old_world.reply.accepted() if t.message.startswith("old ")]
    inbound = [chat for chat in before["chats"] if chat["chat_type"]["S"] == "inbound"]
    assert sorted(about_old) == sorted(chat["content"]["M"]["text"]["S"] for chat in inbound)


def _send_and_await(world: OldWorld, text: str) -> Message:
    """Once a later message is told, the notifier has come past all that was in the stream."""
    message = write(new_sender(), text)
    older.send(world.aws, world.queue, message.body, "webhook_group")
    world.await_told(message)
    return message


def _assert_taken_over(world: OldWorld) -> None:
    """Ours is attached and the older one gone; the template's protection is on; a rest is none."""
    names = [older.STORING, older.TELLING]
    found = [
        mapping
        for name in names
        for mapping in world.aws.functions.list_event_source_mappings(FunctionName=name)[
            "EventSourceMappings"
        ]
    ]
    assert len(found) == 3
    assert {mapping["UUID"] for mapping in found}.isdisjoint(world.mappings)
    assert {mapping["State"] for mapping in found} == {"Enabled"}
    for table in ("sessions", "chats"):
        described = world.aws.dynamodb.describe_table(TableName=table)["Table"]
        assert described["DeletionProtectionEnabled"]
    configuration = world.aws.functions.get_function_configuration(FunctionName=older.TELLING)
    assert configuration["Handler"] == "dynamo_function.dynamo_handler"
    assert older.ROLE not in configuration["Role"]
    assert "INTELLIGENCE_API_SECRET" not in configuration["Environment"]["Variables"]
    assert world.deploy() == 0
