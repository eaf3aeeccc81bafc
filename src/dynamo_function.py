"""Entry of the notifier: stream and retry-queue events in, POSTs to the reply service out."""

from collections.abc import Mapping
from typing import Any

import container
from handlers.dynamo_event_handler import handle_retries, handle_stream
from logger_setup import set_request_id

WARM_UP_SOURCE = "aws.events"
RETRY_QUEUE = "aws:sqs"


def dynamo_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Notify the reply service; answers `batchItemFailures`, which a stream always has empty.

    Raises NotHandled when a stream batch has to come again.
    """
    failures: list[str] = []
    if event.get("source") == WARM_UP_SOURCE:
        container.prepare(container.notifier_dependencies)
    else:
        set_request_id(getattr(context, "aws_request_id", None))
        records = event.get("Records") or []
        scheduled = [each for each in records if _source(each) == RETRY_QUEUE]
        streamed = [each for each in records if _source(each) != RETRY_QUEUE]
        failures = handle_retries(scheduled, context) if scheduled else []
        if streamed:
            handle_stream(streamed, context)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}


def _source(record: object) -> object:
    return record.get("eventSource") if isinstance(record, Mapping) else None


container.prepare_on_lambda(container.notifier_dependencies)
