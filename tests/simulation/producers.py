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
TRIES = 3
"""Two of the webhook's URL, then one of the fallback, which is the intake, too."""

_WHY_FALLBACK = "&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fabc123.lambda-url.us-east-1.on.aws%2F"

Handle = Callable[..., Mapping[str, Any]]


def queue_directly(outside: Outside, webhook: Webhook) -> None:
    """As a producer does that checks nothing."""
    message = outside.queue.send(webhook.body, webhook.group)
    outside.ledger.submitted(webhook, message)


class Twilio:
    """Sends each webhook until the intake answers 200, now and then twice at once.

    The last try goes to the fallback, and says why in two fields more. It watches that nothing is
    answered with 200 that is not on the queue, that nothing gets there twice within five minutes,
    and that a sender has one message group.
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
            self._call(webhook, TRIES)
        if webhook.kind is Kind.MESSAGE and self._random.random() < 0.1:
            self.counts["receipt"] += 1
            self._call(_receipt(webhook), TRIES)

    def accepted(self, invocation: Any, message: Message | None) -> None:
        """The queue has a webhook, unless it has had it already."""
        if message is None:
            self.counts["repetition"] += 1
            return
        webhook, now = self._under_way[invocation], self._outside.now()
        if any(now - each < DEDUPLICATION_SECONDS for each in self._queued[webhook.body]):
            self._outside.ledger.violated("G2", f"{webhook.kind.value} is queued twice")
        self._queued[webhook.body].append(now)
        # The group that it owes, so that another one would be seen: messages lose their order.
        owed = replace(webhook, group=webhook.sender_id or message.group)
        self._outside.ledger.submitted(owed, message)

    def _call(self, webhook: Webhook, tries: int) -> None:
        """Make one of so many tries that are left."""
        assert self.intake is not None
        answers: list[int] = []
        is_fallback = tries == 1 and _is_form(webhook)
        self.counts["fallback"] += is_fallback
        event = signed_event(webhook.body + _WHY_FALLBACK if is_fallback else webhook.body)

        def run(dependencies: IntakeDependencies, invocation: Invocation) -> None:
            answers.append(self.handle(event, invocation, dependencies)["statusCode"])

        then = partial(self._answered, webhook, tries - 1, answers)
        self._under_way[self.intake.invoke(run, then)] = webhook

    def _answered(
        self, webhook: Webhook, tries: int, answers: list[int], invocation: Invocation
    ) -> None:
        self.counts[str(answers[0]) if answers else "died"] += 1
        if answers == [200]:
            if not self._queued[webhook.body]:
                self._outside.ledger.violated("G1", f"{webhook.kind.value} is answered, not queued")
        else:
            self.counts["retried" if tries else "given up"] += 1
            if tries:
                self._call(webhook, tries)
        if invocation.timed_out and "function" not in invocation.faulty_ports:
            self._outside.ledger.violated("time", "the intake was ended by Lambda")


def _is_form(webhook: Webhook) -> bool:
    """Whether it is a form that names its message: to others Twilio could add nothing."""
    return "MessageSid=SM" in webhook.body and webhook.body[0] not in '{["'


def _receipt(webhook: Webhook) -> Webhook:
    """A callback that shares the Sid of a message."""
    fields = {"MessageSid": webhook.message_id, "MessageStatus": "delivered", "To": "whatsapp:+1"}
    return replace(webhook, kind=Kind.CALLBACK, body=urlencode(fields), sender_id="", message_id="")
