"""Entry of the intake: a function URL's request in, its response out."""

from collections.abc import Mapping
from typing import Any

import container
from handlers.intake_handler import handle_webhook
from logger_setup import set_request_id

WARM_UP_SOURCE = "aws.events"


def intake_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Put a signed webhook onto the queue; answers 200 only when the queue has it.

    Format: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    if event.get("source") == WARM_UP_SOURCE:
        container.prepare(container.intake_dependencies)
        return {"statusCode": 204}
    set_request_id(getattr(context, "aws_request_id", None))
    return handle_webhook(event, context)


container.prepare_on_lambda(container.intake_dependencies)
