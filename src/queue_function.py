"""Entry of the queue function: SQS events in, the failed records' ids out."""

from collections.abc import Iterable, Mapping
from typing import Any

import container
from consumer.conversation.batch import sort_batch
from consumer.conversation.queue_record import read_record
from consumer.webhook.message import as_dict
from consumer.webhook.parse import parse_inbound
from handlers.queue_message_handler import handle_batch
from logger_setup import set_request_id

WARM_UP_SOURCE = "aws.events"


def queue_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Store the batch; answers `batchItemFailures` and nothing else.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failures: list[str] = []
    if event.get("source") == WARM_UP_SOURCE:
        container.prepare(container.queue_dependencies)
    else:
        set_request_id(getattr(context, "aws_request_id", None))
        failures = handle_batch([read_record(each) for each in event.get("Records") or []], context)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}


def parse_message_body(body: str) -> dict[str, Any]:
    """Parse one webhook body into its normalized parts; never raises.

    Keys: `message_type`, `channel`, `sender`, `content`, `metadata`, `raw`. A delivery
    receipt has the `message_type` `status_callback`; a body that is no message has
    `malformed`, with `metadata.reason`.
    """
    return as_dict(parse_inbound(body))


def group_messages_by_sender(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Parse SQS records and group the inbound messages by sender, in queue order.

    Each message has `parse_message_body`'s keys and `created_at`, its place as exact
    epoch seconds (Decimal).
    """
    batch = sort_batch(read_record(each) for each in records)
    return {
        sender: [as_dict(each) | {"created_at": each.created_at} for each in messages]
        for sender, messages in batch.by_sender().items()
    }


container.prepare_on_lambda(container.queue_dependencies)
