"""The reply service: one POST for each sender, all at once.

It is not idempotent, so what decides is whether a POST may have been accepted: only a
failure that says it was not counts as one that may be tried again.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from adapters.http import Answer, HttpPool, NoAnswer, NotSent
from adapters.secrets import ReplySecret
from adapters.wave import Wave
from domain.errors import SecretUnavailable
from domain.news import News
from domain.ports import Outcome

CONNECT_SECONDS = 5.0  # a hundred handshakes at once, on a seventh of a core

# A 401 comes at once or not at all. Later than this there is no time for a second round.
SECOND_ROUND_SECONDS = 5.0


class HttpReplyService:
    """See ReplyService. `timeout`: seconds until a silent answer counts as unknown."""

    def __init__(
        self,
        http: HttpPool,
        wave: Wave,
        url: str,
        secret: ReplySecret,
        timeout: float,
        on_problem: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._wave = wave
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._on_problem = on_problem
        self._clock = clock

    def tell(self, news: Sequence[News]) -> dict[str, Outcome]:
        """POST all; those answered 401 once more with a secret fetched anew."""
        began = self._clock()
        outcomes = self._post_all(news)
        unauthorized = [n for n in news if outcomes[n.sender_id] is Outcome.UNAUTHORIZED]
        is_renewed = bool(unauthorized) and self._secret.renew()
        if is_renewed and self._clock() - began < SECOND_ROUND_SECONDS:
            outcomes |= self._post_all(unauthorized)
        return outcomes

    def _post_all(self, news: Sequence[News]) -> dict[str, Outcome]:
        try:
            secret = self._secret.value()
        except SecretUnavailable as error:
            self._on_problem(error)
            return {each.sender_id: Outcome.CANNOT_DELIVER_NOW for each in news}
        outcomes = self._wave.run([partial(self._post, each, secret) for each in news])
        return {each.sender_id: outcome for each, outcome in zip(news, outcomes, strict=True)}

    def _post(self, news: News, secret: str) -> Callable[[], Outcome]:
        body = json.dumps({"sender_id": news.sender_id, "message": news.text or ""}).encode()
        headers = {
            "content-type": "application/json",
            "x-intelligence-api-secret": secret,
            "idempotency-key": _header_text(news.message_id),
        }
        answer = self._http.start(self._url, headers, body, CONNECT_SECONDS, self._timeout)
        return partial(_outcome, answer)


def _outcome(answer: Callable[[], Answer]) -> Outcome:
    try:
        return outcome_of(answer().status)
    except NotSent:
        return Outcome.CANNOT_DELIVER_NOW
    except NoAnswer as error:  # the status alone says what was decided, its body nothing more
        return Outcome.UNKNOWN if error.status is None else outcome_of(error.status)


def outcome_of(status: int) -> Outcome:
    """What an HTTP status says about whether a person was answered."""
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status == 401:
        return Outcome.UNAUTHORIZED
    if status in (408, 504):
        return Outcome.UNKNOWN
    if status == 429 or status >= 500:
        return Outcome.CANNOT_DELIVER_NOW
    return Outcome.REJECTED


def _header_text(message_id: str) -> str:
    """An id as a header can carry it; an odd one by its digest."""
    if message_id.isascii() and message_id.isprintable():
        return message_id
    return sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
