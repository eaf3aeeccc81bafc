"""Who puts webhooks onto the queue: somebody else's code, or Twilio through the intake."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from container import IntakeDependencies
from handlers.intake_handler import handle_webhook
from tests.simulation.functions import Function, Invocation
from tests.simulation.outside import Outside
from tests.simulation.webhooks import Kind, Webhook
from tests.support.intake import signed_event
from tests.support.memory.queues import DEDUPLICATION_SECONDS, Message

INTAKE_CHANCE = 0.3
RETRIES = 2
"""Retries that the webhook's URL asks for; then comes the fallback, which is the same URL."""

Handle = Callable[..., Mapping[str, Any]]


def queue_directly(outside: Outside, webhook: Webhook) -> None:
    """As a producer does that checks nothing."""
    message = outside.queue.send(webhook.body, webhook.group)
    outside.ledger.submitted(webhook, message)


class Twilio:
    """Sends each webhook until the intake answers 200, now and then twice at once.

    It watches that nothing is answered with 200 that is not on the queue, and that nothing gets
    there twice within five minutes.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._random = outside.chance.stream("twilio")
        self._under_way: dict[Any, Webhook] = {}
        self._queued: defaultdict[str, list[float]] = defaultdict(list)
        self.counts: Counter[str] = Counter()
        self.intake: Function[IntakeDependencies] | None = None
        self.handle: Handle = handle_webhook

    def send(self, webhook: Webhook) -> None:
        """Send a webhook; of some messages the delivery receipt of an answer follows at once."""
        copies = 2 if self._random.random() < 0.1 else 1
        for _ in range(copies):
            self._call(webhook, RETRIES + 1)
        if webhook.kind is Kind.MESSAGE and self._random.random() < 0.1:
            self.counts["receipt"] += 1
            self._call(_receipt(webhook), RETRIES + 1)

    def accepted(self, invocation: Any, message: Message | None) -> None:
        """The queue has a webhook, unless it has had it already."""
        if message is None:
            self.counts["repetition"] += 1
            return
        webhook, now = self._under_way[invocation], self._outside.now()
        if any(now - each < DEDUPLICATION_SECONDS for each in self._queued[webhook.body]):
            self._outside.ledger.violated("G2", f"{webhook.kind.value} is queued twice")
        self._queued[webhook.body].append(now)
        self._outside.ledger.submitted(replace(webhook, group=message.group), message)

    def _call(self, webhook: Webhook, retries: int) -> None:
        assert self.intake is not None
        answers: list[int] = []
        event = signed_event(webhook.body)

        def run(dependencies: IntakeDependencies, invocation: Invocation) -> None:
            answers.append(self.handle(event, invocation, dependencies)["statusCode"])

        then = partial(self._answered, webhook, retries, answers)
        self._under_way[self.intake.invoke(run, then)] = webhook

    def _answered(
        self, webhook: Webhook, retries: int, answers: list[int], invocation: Invocation
    ) -> None:
        self.counts[str(answers[0]) if answers else "died"] += 1
        if answers == [200]:
            if not self._queued[webhook.body]:
                self._outside.ledger.violated("G1", f"{webhook.kind.value} is answered, not queued")
        else:
            self.counts["retried" if retries else "given up"] += 1
            if retries:
                self._call(webhook, retries - 1)
        if invocation.timed_out and "function" not in invocation.faulty_ports:
            self._outside.ledger.violated("time", "the intake was ended by Lambda")


def _receipt(webhook: Webhook) -> Webhook:
    """A callback that shares the Sid of a message."""
    fields = {"MessageSid": webhook.message_id, "MessageStatus": "delivered", "To": "whatsapp:+1"}
    return replace(webhook, kind=Kind.CALLBACK, body=urlencode(fields), sender_id="", message_id="")
