"""Taking over an account that a legacy consumer runs in: nothing lost, nothing notified again."""

from collections.abc import Iterator

import pytest

from tests.e2e.legacy_consumer import account as legacy
from tests.e2e.legacy_consumer import history
from tests.e2e.legacy_consumer.world import LegacyWorld, running_legacy_world
from tests.e2e.world import eventually

pytestmark = pytest.mark.emulator

HELD, QUEUED = 5, 20
LONG_SECONDS = 3600


@pytest.fixture
def legacy_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[LegacyWorld]:
    with running_legacy_world(monkeypatch) as world:
        yield world


class _LostWorker:
    """Twenty messages in one group, of which it holds the first five and never comes back.

    They are visible again once the legacy consumer reads no more. It is held off while they are
    sent, so that it takes none of them before.
    """

    def __init__(self, world: LegacyWorld) -> None:
        self._world = world
        self._held: list[str] = []
        world.switch(0, on=False)
        world.queued = [world.send(f"queued {number}") for number in range(QUEUED)]
        eventually(self._holds_the_first, "the first are held")
        world.switch(0, on=True)

    def __call__(self, line: str) -> None:
        """Called with the takeover's progress."""
        if "waiting until the legacy notifier" in line:
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


def test_everything_is_kept_and_nothing_is_notified_again(legacy_world: LegacyWorld) -> None:
    history.write_history(legacy_world.aws)
    before = {table: history.read_all(legacy_world.aws, table) for table in ("sessions", "chats")}
    before["chats"] = list(filter(history.is_old, before["chats"]))
    assert (len(before["sessions"]), len(before["chats"])) == (history.SESSIONS, history.CHATS)
    recent = legacy_world.exchange("stored by the legacy one")
    legacy_world.roll_out(_LostWorker(legacy_world))
    _assert_taken_over(legacy_world)

    legacy_world.await_notified(*legacy_world.queued)
    for table, items in before.items():
        after = history.read_all(legacy_world.aws, table)
        assert [item for item in items if item not in after] == []
    chats = history.read_all(legacy_world.aws, "chats")
    stored = [chat["message_id"]["S"] for chat in chats if chat["chat_type"]["S"] == "inbound"]
    assert [stored.count(message.message_id) for message in legacy_world.queued] == [1] * QUEUED
    after = legacy_world.exchange("after the takeover")
    legacy_world.assert_notified_once(recent, *legacy_world.queued, after)
    legacy_world.pass_by(*history.senders())
    about_old = [t.message for t in legacy_world.reply.accepted() if t.message.startswith("old ")]
    inbound = [chat for chat in before["chats"] if chat["chat_type"]["S"] == "inbound"]
    assert sorted(about_old) == sorted(chat["content"]["M"]["text"]["S"] for chat in inbound)


def _assert_taken_over(world: LegacyWorld) -> None:
    """Ours is attached and the legacy one gone; the template's protection is on; a rest is none."""
    names = [legacy.STORING, legacy.NOTIFYING]
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
    configuration = world.aws.functions.get_function_configuration(FunctionName=legacy.NOTIFYING)
    assert configuration["Handler"] == "dynamo_function.dynamo_handler"
    assert legacy.ROLE not in configuration["Role"]
    assert "INTELLIGENCE_API_SECRET" not in configuration["Environment"]["Variables"]
    assert world.deploy() == 0
