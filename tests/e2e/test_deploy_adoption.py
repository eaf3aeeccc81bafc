"""Taking over an account that an older consumer runs in: nothing lost, nothing told again."""

from collections.abc import Iterator

import pytest

from tests.e2e.older import account as older
from tests.e2e.older import history
from tests.e2e.older.world import OldWorld, running_old_world
from tests.e2e.world import eventually

pytestmark = pytest.mark.emulator

HELD, QUEUED = 5, 20
LONG_SECONDS = 3600


@pytest.fixture
def old_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[OldWorld]:
    with running_old_world(monkeypatch) as world:
        yield world


class _LostWorker:
    """Twenty messages in one group, of which it holds the first five and never comes back.

    They are visible again once the older consumer reads no more. It is held off while they are
    sent, so that it takes none of them before.
    """

    def __init__(self, world: OldWorld) -> None:
        self._world = world
        self._held: list[str] = []
        world.switch(0, on=False)
        world.queued = [world.send(f"queued {number}") for number in range(QUEUED)]
        eventually(self._holds_the_first, "the first are held")
        world.switch(0, on=True)

    def __call__(self, line: str) -> None:
        """Told of the takeover's progress."""
        if "waiting until the older notifier" in line:
            for handle in self._held:
                self._world.aws.sqs.change_message_visibility(
                    QueueUrl=self._world.queue, ReceiptHandle=handle, VisibilityTimeout=0
                )

    def _holds_the_first(self) -> bool:
        found = self._world.aws.sqs.receive_message(
            QueueUrl=self._world.queue, MaxNumberOfMessages=HELD, VisibilityTimeout=LONG_SECONDS
        )
        self._held = [message["ReceiptHandle"] for message in found.get("Messages", [])]
        return len(self._held) == HELD


def test_everything_is_kept_and_nothing_is_told_again(old_world: OldWorld) -> None:
    history.write_history(old_world.aws)
    before = {table: history.read_all(old_world.aws, table) for table in ("sessions", "chats")}
    before["chats"] = list(filter(history.is_old, before["chats"]))
    assert (len(before["sessions"]), len(before["chats"])) == (history.SESSIONS, history.CHATS)
    recent = old_world.exchange("stored by the older one")
    old_world.roll_out(_LostWorker(old_world))
    _assert_taken_over(old_world)

    old_world.await_told(*old_world.queued)
    for table, items in before.items():
        after = history.read_all(old_world.aws, table)
        assert [item for item in items if item not in after] == []
    chats = history.read_all(old_world.aws, "chats")
    stored = [chat["message_id"]["S"] for chat in chats if chat["chat_type"]["S"] == "inbound"]
    assert [stored.count(message.message_id) for message in old_world.queued] == [1] * QUEUED
    after = old_world.exchange("after the takeover")
    old_world.assert_told_once(recent, *old_world.queued, after)
    old_world.pass_by(*history.senders())
    about_old = [t.message for t in old_world.reply.accepted() if t.message.startswith("old ")]
    inbound = [chat for chat in before["chats"] if chat["chat_type"]["S"] == "inbound"]
    assert sorted(about_old) == sorted(chat["content"]["M"]["text"]["S"] for chat in inbound)


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
    for table in ("sessions", "chats", "notifications"):
        described = world.aws.dynamodb.describe_table(TableName=table)["Table"]
        assert described["DeletionProtectionEnabled"]
    configuration = world.aws.functions.get_function_configuration(FunctionName=older.TELLING)
    assert configuration["Handler"] == "dynamo_function.dynamo_handler"
    assert older.ROLE not in configuration["Role"]
    assert "INTELLIGENCE_API_SECRET" not in configuration["Environment"]["Variables"]
    assert world.deploy() == 0
