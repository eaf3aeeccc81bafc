"""Dead letters as tests lay them down and take them away."""

import uuid

from tests.e2e.world import World
from unc.dlq.queues import choose_queues
from unc.messages.message import Message

GROUP = "webhook_group"


def purge(world: World) -> None:
    for queue in choose_queues(world.resources, None):
        world.stack.aws.sqs.purge_queue(QueueUrl=queue.url)


def lay_down(world: World, message: Message, sent_ms: int = 0, group: str = GROUP) -> None:
    """Put a body among the dead letters, as the function does; without a time as SQS does."""
    place = {
        "Reason": "not stored after 10 receives: dynamodb:Throttling",
        "OriginalMessageId": f"first-{message.message_id}",
        "OriginalSentTimestamp": str(sent_ms),
        "OriginalSequenceNumber": "1",
        "OriginalMessageGroupId": group,
    }
    world.stack.aws.sqs.send_message(
        QueueUrl=world.resources.dead_letter_queue,
        MessageBody=message.body,
        MessageGroupId=group,
        MessageDeduplicationId=uuid.uuid4().hex,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in place.items()
            if sent_ms
        },
    )
