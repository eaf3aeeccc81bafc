"""The running system as a test sees it: bodies in, tables and POSTs out.

Nothing here sleeps a fixed time; `eventually` polls until a fact is true, within a bound.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from unc.aws.queues import read_depth
from unc.aws.tables import Tables
from unc.local.stack import RunningStack
from unc.messages.message import Message, write_message

TIME_LIMIT_SECONDS = 900.0
SHORTEST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5

_numbers = iter(range(200, 10_000))


def eventually(fact: Callable[[], bool], what: str) -> None:
    """Poll until the fact is true, less often the longer it takes; fail with its name if it never
    becomes so."""
    end, pause = time.monotonic() + TIME_LIMIT_SECONDS, SHORTEST_PAUSE_SECONDS
    while not fact():
        assert time.monotonic() < end, f"not within {TIME_LIMIT_SECONDS:.0f} s: {what}"
        time.sleep(pause)
        pause = min(1.2 * pause, LONGEST_PAUSE_SECONDS)


def new_sender() -> str:
    """A WhatsApp address that no other test uses."""
    return f"whatsapp:+491555555{next(_numbers):04d}"


def write(sender: str, text: str, **fields: str) -> Message:
    """A webhook body with a fresh Sid; `fields` change or add some."""
    message = write_message(sender, text)
    if not fields:
        return message
    changed = dict(parse_qsl(message.body, keep_blank_values=True)) | fields
    return Message(text, urlencode(changed), message.sender_id, changed["MessageSid"], False)


class World:
    """One running stack, and what tests read from it."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.tables = Tables(stack.aws, stack.resources)
        self.resources = stack.resources
        assert stack.reply is not None
        self.reply = stack.reply

    def send(self, body: str, group: str = "webhook_group") -> None:
        """Queue a body as the producer does: a random deduplication id."""
        self.stack.aws.sqs.send_message(
            QueueUrl=self.resources.queue,
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=uuid.uuid4().hex,
        )

    def send_all(self, messages: Iterable[Message], group: str = "webhook_group") -> None:
        for message in messages:
            self.send(message.body, group)

    def inbound(self, sender_id: str) -> list[dict[str, Any]]:
        """The sender's inbound chats in the order of their place."""
        chats = self.tables.read_conversation(sender_id)
        inbound = [chat for chat in chats if chat["chat_type"] == "inbound"]
        return sorted(inbound, key=lambda chat: chat["created_at"])

    def texts(self, sender_id: str) -> list[str]:
        return [chat["content"]["text"] for chat in self.inbound(sender_id)]

    def outbound(self, sender_id: str) -> list[dict[str, Any]]:
        chats = self.tables.read_conversation(sender_id)
        return [chat for chat in chats if chat["chat_type"] == "outbound"]

    def conversation(self, session_id: str) -> list[str]:
        """The inbound texts of a session as the reply service reads them: by SessionIndex."""
        items = self.tables.query(
            self.resources.chat_table,
            IndexName="SessionIndex",
            KeyConditionExpression="session_id = :session",
            ExpressionAttributeValues={":session": {"S": session_id}},
        )
        return [item["content"]["text"] for item in items if item["chat_type"] == "inbound"]

    def sessions(self, sender_id: str) -> list[dict[str, Any]]:
        """The sender's sessions, oldest first."""
        return self.tables.query(
            self.resources.session_table,
            IndexName="SenderSessionsIndex",
            KeyConditionExpression="sender_id = :sender",
            ExpressionAttributeValues={":sender": {"S": sender_id}},
        )

    def covers(self, message: Message) -> bool:
        """Whether the sender's row says that the message needs no notification any more."""
        chats = self.tables.read_chats([(message.sender_id, message.message_id)])
        row = self.tables.read_notifications([message.sender_id]).get(message.sender_id, {})
        return bool(chats) and row.get("through", Decimal(0)) >= chats[0]["stored_at"]

    def await_stored(self, *messages: Message) -> None:
        keys = [(each.sender_id, each.message_id) for each in messages]
        eventually(
            lambda: len(self.tables.read_chats(keys)) == len(keys),
            f"{len(keys)} message(s) stored",
        )

    def await_notified(self, *messages: Message) -> None:
        self.await_stored(*messages)
        eventually(lambda: all(map(self.covers, messages)), f"{len(messages)} message(s) notified")

    def await_taken(self) -> None:
        """Until nothing waits in the queue: all that was sent is stored or dead-lettered."""
        eventually(lambda: self.is_empty(self.resources.queue), "the queue runs empty")

    def await_quiet(self) -> None:
        """Until nothing waits in the queue or in the retry queue."""
        for queue in (self.resources.queue, self.resources.reply_retry_queue):
            eventually(lambda queue=queue: self.is_empty(queue), "a queue runs empty")

    def is_empty(self, queue: str) -> bool:
        return read_depth(self.stack.aws, queue).is_empty()

    def take_dead_letters(self, queue: str) -> list[dict[str, Any]]:
        """Receive and remove whatever lies in a dead-letter queue, until it says it is empty."""
        found: list[dict[str, Any]] = []

        def is_emptied() -> bool:
            found.extend(self._take_some(queue))
            return self.is_empty(queue)

        eventually(is_emptied, "a dead-letter queue runs empty")
        return found

    def _take_some(self, queue: str) -> list[dict[str, Any]]:
        sqs = self.stack.aws.sqs
        batch = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for each in batch:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        return [dict(each) for each in batch]
