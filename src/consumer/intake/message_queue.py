"""The FIFO queue that the intake sends to, on SQS."""

from consumer.aws.client import AwsClient
from consumer.errors import Unavailable
from consumer.intake.queue_message import QueueMessage


class SqsIntakeQueue:
    """See IntakeQueue."""

    def __init__(self, client: AwsClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: QueueMessage) -> None:
        """Send it in one call, one try."""
        request = {
            "QueueUrl": self._url,
            "MessageBody": message.body,
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        }
        answer = self._client.call("sqs", "AmazonSQS.SendMessage", request)
        if not answer.get("MessageId"):
            raise Unavailable("NoMessageId")
