"""Twilio's webhooks go onto the queue; see consumer/intake/intake.py for what is promised."""

from collections.abc import Mapping
from typing import Any

import container
from consumer.intake.answer import Answer
from consumer.intake.intake import Intake
from consumer.intake.queue_message import QueueMessage
from consumer.metrics import IntakeMetric, embedded
from consumer.retry_budget import RetryBudget

# Twilio waits for 15 seconds, retries included.
INTAKE_SECONDS = 10.0
SECONDS_TO_ANSWER = 0.5  # before Lambda ends the invocation

_COUNTERS = {
    "": IntakeMetric.WEBHOOKS_QUEUED,
    "no_signature": IntakeMetric.SIGNATURES_REJECTED,
    "wrong_signature": IntakeMetric.SIGNATURES_REJECTED,
    "wrong_url": IntakeMetric.SIGNATURES_REJECTED,
    "no_token": IntakeMetric.TOKEN_FAILURES,
    "not_queued": IntakeMetric.QUEUE_FAILURES,
}


def handle_webhook(
    event: Mapping[str, Any],
    context: object = None,
    dependencies: container.IntakeDependencies | None = None,
) -> dict[str, Any]:
    """Take one request of the function URL and give its answer, within ten seconds."""
    dependencies = dependencies or container.intake_dependencies()
    runtime, log = dependencies.runtime, dependencies.log
    started = runtime.monotonic()
    queued: list[QueueMessage] = []
    intake = Intake(
        dependencies.queue,
        dependencies.tokens,
        dependencies.call_seconds,
        dependencies.public_url,
        lambda code: log.warning("webhook had a problem", problem=code),
        queued.append,
    )
    answer = intake.take(event, _budget(context, dependencies))
    if answer.reason:
        log.warning("webhook not queued", reason=answer.reason, status=answer.status)
    seconds = runtime.monotonic() - started
    log.measure(
        "webhook handled",
        _measures(answer, seconds, runtime.clock()),
        status=answer.status,
        message_id="".join(each.sid for each in queued),
    )
    return answer.as_http()


def _budget(context: object, dependencies: container.IntakeDependencies) -> RetryBudget:
    """Ten seconds, or as long as Lambda lets this invocation run."""
    runtime = dependencies.runtime
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = remaining() / 1000 - SECONDS_TO_ANSWER if callable(remaining) else INTAKE_SECONDS
    end = runtime.monotonic() + min(seconds, INTAKE_SECONDS)
    return RetryBudget(
        lambda: end - runtime.monotonic(), dependencies.call_seconds, runtime.sleep, runtime.random
    )


def _measures(answer: Answer, seconds: float, now: float) -> dict[str, Any]:
    counts: dict[str, int] = {
        _COUNTERS.get(answer.reason, IntakeMetric.WEBHOOKS_UNREADABLE): 1,
        IntakeMetric.WEBHOOK_FAILURES: int(answer.status == 503),
    }
    return embedded(counts, {IntakeMetric.WEBHOOK_TO_ANSWER: [1000 * seconds]}, int(now * 1000))
