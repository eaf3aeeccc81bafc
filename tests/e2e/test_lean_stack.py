"""The stack as a very large deployment would have it: without the indexes of few hash values."""

import pytest

from tests.e2e.world import World, new_sender, write
from unc.local.stack import Settings, running_stack

pytestmark = pytest.mark.emulator


def test_messages_are_stored_notified_and_answered_without_the_hot_indexes() -> None:
    """Neither half reads them."""
    lean = Settings(parameters={"ChatTypeIndex": "false", "StatusIndex": "false"})
    with running_stack(lean) as stack:
        world = World(stack)
        message = write(new_sender(), "no index for me")
        world.send(message.body)
        world.await_notified(message)
        table = stack.aws.dynamodb.describe_table(TableName=stack.resources.chat_table)["Table"]
        names = {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
        assert names == {"SenderTimeIndex", "SessionIndex"}
        assert len(world.reply.accepted(message.sender_id)) == 1
