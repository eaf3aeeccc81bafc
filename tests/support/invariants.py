"""What has to hold for any input; property tests and fuzzers check the same."""

import json

from consumer.aws.attribute_values import to_item
from consumer.conversation.batch import Batch, sort_batch
from consumer.conversation.chat import chat_item
from consumer.conversation.queue_record import read_record
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.retry_record import read_retry_record, retry_body
from consumer.notification.stream_record import read_stream_record
from consumer.text import clean
from consumer.webhook.message import InboundMessage, Malformed, StatusCallback, as_dict
from consumer.webhook.parse import parse_inbound
from tests.support.dynamodb_limits import faults_of

KEYS = {"message_type", "channel", "sender", "content", "metadata", "raw"}


def check_body(body: object) -> None:
    """It is a message, a callback or malformed with a reason, and can be shown as JSON."""
    result = parse_inbound(body)
    shape = as_dict(result)
    assert shape.keys() == KEYS
    json.dumps(shape, default=str)
    assert isinstance(result, InboundMessage | StatusCallback | Malformed)
    if isinstance(result, Malformed):
        assert 0 < len(result.reason) < 200


def check_records(raws: list[object]) -> Batch:
    """Every record is accounted for, and what becomes a chat is one that DynamoDB takes."""
    batch = sort_batch(map(read_record, raws))
    assert len(batch.messages) + len(batch.callbacks) + len(batch.malformed) == len(raws)
    for _, message in batch.messages:
        item = to_item(chat_item(message, "session-1", message.created_at))
        assert faults_of(item) == [], faults_of(item)
    for messages in batch.by_sender().values():
        places = [message.created_at for message in messages]
        assert places == sorted(places)
    return batch


def check_stream_record(raw: object) -> None:
    """It is no notification, rejected, or a notification with keys."""
    read = read_stream_record(raw)
    assert read is None or isinstance(read, Notification | RejectedNotification)
    if isinstance(read, Notification):
        assert read.sender_id and read.message_id and read.text is not None


def check_retry_record(raw: object) -> None:
    """It is rejected with its body, or a notification that stays the same when scheduled again."""
    read = read_retry_record(raw)
    if isinstance(read, RejectedNotification):
        assert read.reason and isinstance(read.body, str)
        return
    assert all(clean(key) == key for key in (read.sender_id, read.message_id, read.session_id))
    assert read_retry_record({"body": retry_body(read)}) == read
