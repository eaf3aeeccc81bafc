"""A webhook is verified, put on the queue, and only then answered with 200.

Nothing is answered with 200 that the queue has not accepted. What was accepted without our
knowing is sent again by Twilio, and SQS takes it for the same message for five minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from consumer.errors import Refused, SecretUnavailable, Unavailable
from consumer.intake import answer
from consumer.intake.answer import Answer
from consumer.intake.auth_token import AuthTokens
from consumer.intake.ports import IntakeQueue
from consumer.intake.queue_message import QueueMessage, queue_message
from consumer.intake.request import MAX_BODY_BYTES, Request, read_request
from consumer.retry_budget import RetryBudget
from consumer.webhook.signature import has_valid_signature, other_urls


class Intake:
    """Takes requests; `tokens` None: every request counts as signed.

    `call_seconds`: the longest that one call to AWS takes. `on_problem` gets the code of each
    failure of the queue or the secret, `on_queued` each message that the queue has.
    """

    def __init__(
        self,
        queue: IntakeQueue,
        tokens: AuthTokens | None,
        call_seconds: float,
        public_url: str = "",
        on_problem: Callable[[str], None] = lambda code: None,
        on_queued: Callable[[QueueMessage], None] = lambda message: None,
    ) -> None:
        self._queue = queue
        self._tokens = tokens
        self._call_seconds = call_seconds
        self._public_url = public_url
        self._on_problem = on_problem
        self._on_queued = on_queued

    def take(self, event: Mapping[str, Any], budget: RetryBudget) -> Answer:
        """Verify the request of a function URL's event, queue it, and say what to answer."""
        request = read_request(event, self._public_url)
        if isinstance(request, Answer):
            return request
        return self._verify(request, budget) or self._send(request, budget)

    def _verify(self, request: Request, budget: RetryBudget) -> Answer | None:
        """Say why a request is not Twilio's; None when it is."""
        if self._tokens is None:
            return None
        if not request.signed.signature:
            return answer.NO_SIGNATURE
        try:
            tokens = self._tokens.current(budget, self._call_seconds)
        except SecretUnavailable as error:
            self._on_problem(str(error))
            return answer.NO_TOKEN
        if has_valid_signature(request.signed, request.urls, tokens):
            return None
        tokens, are_new = self._tokens.after_mismatch()
        if has_valid_signature(request.signed, request.urls, tokens):
            return None
        return _mismatch(request, tokens) if are_new else answer.NO_TOKEN

    def _send(self, request: Request, budget: RetryBudget) -> Answer:
        message = queue_message(request.text, request.signed.is_form)
        if len(message.body.encode()) > MAX_BODY_BYTES:
            return answer.TOO_LARGE
        while budget.lasts():
            try:
                self._queue.send(message)
            except Refused as error:
                self._on_problem(error.code)
                break
            except Unavailable as error:
                self._on_problem(error.code)
                if not budget.pause():
                    break
            else:
                self._on_queued(message)
                return answer.QUEUED
        return answer.NOT_QUEUED


def _mismatch(request: Request, tokens: Sequence[str]) -> Answer:
    """Tell the usual mistake, another URL at Twilio than here, from a wrong signature."""
    suspects = {url for each in (*request.urls, request.called_url) for url in other_urls(each)}
    suspects.add(request.called_url)
    if has_valid_signature(request.signed, suspects, tokens):
        return answer.WRONG_URL
    return answer.WRONG_SIGNATURE
