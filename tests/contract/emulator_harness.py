"""The adapters as they ship, in front of the emulator, on tables and queues of the template."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from consumer.aws.client import AwsClient
from consumer.aws.credentials import Credentials
from consumer.aws.dynamodb import DynamoDb
from consumer.aws.http import HttpPool
from consumer.aws.secrets import ReplySecret
from consumer.aws.sqs import SqsSender
from consumer.conversation.dead_letter_queue import SqsDeadLetterQueue
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.session_key_store import DynamoSessionKeyStore
from consumer.conversation.session_table import erased_item
from consumer.notification.dynamodb_store import DynamoNotificationStore
from consumer.notification.ports import ReplyService
from consumer.notification.reply_service import HttpReplyService
from consumer.notification.retry_queue import SqsRetryQueue
from consumer.webhook.message import ChatKey
from tests.contract.builders import ERASED_TEXT
from tests.contract.harness import QueuedMessage
from unc.aws.queues import read_depth
from unc.aws.session import LOCAL_ACCOUNT
from unc.local.reply_stand_in import DROP_CONNECTION
from unc.local.stack import RunningStack

MOST_RECEIVES = 60
NOBODY = "http://127.0.0.1:1/reply/"  # a port that only root may listen on
# For a machine that is busy: nothing here is slow by intention.
PATIENT_SECONDS = 120.0


class EmulatorHarness:
    """See Harness. AWS_ENDPOINT_URL and INTELLIGENCE_API_SECRET have to name the stack's."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._client = AwsClient(
            "us-east-1", lambda: Credentials(LOCAL_ACCOUNT, "local"), HttpPool(11), PATIENT_SECONDS
        )
        names, dynamodb = stack.resources, DynamoDb(self._client)
        sender = SqsSender(self._client, _fail)
        self.conversations = DynamoConversationStore(
            dynamodb, names.chat_table, names.session_table
        )
        self.session_key = DynamoSessionKeyStore(dynamodb, names.notification_table)
        self.notifications = DynamoNotificationStore(
            dynamodb, names.notification_table, names.session_table, names.chat_table
        )
        self.dead_letters = SqsDeadLetterQueue(sender, names.dead_letter_queue)
        self.retry_queue = SqsRetryQueue(
            sender, names.reply_retry_queue, names.reply_dead_letter_queue
        )

    def put_session(self, session_id: str, sender_id: str, **attributes: Any) -> None:
        row = {"session_id": session_id, "sender_id": sender_id, **attributes}
        self._put(self._stack.resources.session_table, row)

    def erase_session(self, session_id: str) -> None:
        self._stack.aws.dynamodb.put_item(
            TableName=self._stack.resources.session_table, Item=erased_item(session_id, ERASED_TEXT)
        )

    def put_reply(self, sender_id: str, created_at: int) -> None:
        row = {
            "sender_id": sender_id,
            "message_id": str(uuid.uuid4()),
            "session_id": "session-1",
            "chat_type": "outbound",
            "created_at": created_at,
        }
        self._put(self._stack.resources.chat_table, row)

    def put_state(self, row: Mapping[str, Any]) -> None:
        """Write a row of `notifications` as it stands, one of another version, too."""
        self._put(self._stack.resources.notification_table, row)

    def chat(self, key: ChatKey) -> Mapping[str, Any] | None:
        found = self._stack.aws.dynamodb.get_item(
            TableName=self._stack.resources.chat_table,
            Key={"sender_id": {"S": key.sender_id}, "message_id": {"S": key.message_id}},
            ConsistentRead=True,
        )
        deserialize = TypeDeserializer().deserialize
        item = found.get("Item")
        return item and {name: deserialize(value) for name, value in item.items()}

    def quarantined(self) -> list[QueuedMessage]:
        return self._take_all(self._stack.resources.dead_letter_queue)

    def waiting(self) -> int:
        return read_depth(self._stack.aws, self._stack.resources.reply_retry_queue).delayed

    def scheduled(self) -> list[QueuedMessage]:
        return self._take_all(self._stack.resources.reply_retry_queue)

    def forget_scheduled(self) -> None:
        self._stack.aws.sqs.purge_queue(QueueUrl=self._stack.resources.reply_retry_queue)

    def dead_lettered(self) -> list[QueuedMessage]:
        return self._take_all(self._stack.resources.reply_dead_letter_queue)

    def reply_service(self, behaviour: str) -> ReplyService:
        reply = self._stack.reply
        assert reply is not None
        answers = DROP_CONNECTION if behaviour == "drops" else int(behaviour.replace("absent", "0"))
        reply.fail_with = None if answers == 200 else answers
        return HttpReplyService(
            HttpPool(10),
            NOBODY if behaviour == "absent" else reply.url,
            ReplySecret(self._client),
            PATIENT_SECONDS,
            _raise,
            lambda not_notified: None,
        )

    def _put(self, table: str, row: Mapping[str, Any]) -> None:
        serialize = TypeSerializer().serialize
        item = {name: serialize(value) for name, value in row.items()}
        self._stack.aws.dynamodb.put_item(TableName=table, Item=item)

    def _take_all(self, url: str) -> list[QueuedMessage]:
        """Receive and delete until nothing is left, and what is delayed has come, too.

        An empty receive is no end: of several delayed messages one may come before the others.
        """
        taken: list[QueuedMessage] = []
        for _ in range(MOST_RECEIVES):
            if read_depth(self._stack.aws, url).is_empty():
                return taken
            taken += self._take_some(url)
        raise AssertionError(f"still not empty after {MOST_RECEIVES} receives: {url}")

    def _take_some(self, url: str) -> list[QueuedMessage]:
        messages = self._stack.aws.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        for each in messages:
            self._stack.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [_queued_message(each) for each in messages]


def _queued_message(message: Mapping[str, Any]) -> QueuedMessage:
    attributes = message.get("MessageAttributes", {})
    return QueuedMessage(
        message["Body"],
        message.get("Attributes", {}).get("MessageGroupId", ""),
        {name: value["StringValue"] for name, value in attributes.items()},
    )


def _fail(problem: str) -> None:
    raise AssertionError(problem)


def _raise(error: Exception) -> None:
    raise error
