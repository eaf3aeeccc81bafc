"""The reply service: one POST for each sender, all at once.

It is not idempotent, so what decides is whether a POST may have been accepted: only a
failure that says it was not counts as one that may be tried again.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256

from consumer.aws.connection import NoAnswer, NotSent, Response
from consumer.aws.http import HttpPool
from consumer.aws.secrets import ReplySecret
from consumer.errors import SecretUnavailable
from consumer.notification.notification import Notification
from consumer.notification.ports import Outcome

CONNECT_SECONDS = 5.0  # a hundred handshakes at once, on a seventh of a core

# A 401 comes at once or not at all. Later than this there is no time for a second round.
SECOND_ROUND_SECONDS = 5.0

# The other side, or a proxy before it, has waited for an end that it did not see. 520 and 524 are
# Cloudflare's: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
_UNKNOWN_STATUSES = (408, 504, 520, 524)


class HttpReplyService:
    """See ReplyService. `timeout`: seconds until a silent answer counts as unknown.

    `on_untold` gets why POSTs were not accepted, as codes (`Http503`, `NotSent:gaierror`,
    `NoAnswer:TimeoutError`) with how many each; `on_problem` what keeps all from being sent.
    """

    def __init__(
        self,
        http: HttpPool,
        url: str,
        secret: ReplySecret,
        timeout: float,
        on_problem: Callable[[Exception], None],
        on_untold: Callable[[Mapping[str, int]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._on_problem = on_problem
        self._on_untold = on_untold
        self._clock = clock

    def post(self, notifications: Sequence[Notification]) -> dict[str, Outcome]:
        """POST all; those answered 401 once more with a secret fetched anew."""
        latest = self._clock() + SECOND_ROUND_SECONDS
        outcomes = self._post_all(notifications)
        unauthorized = [n for n in notifications if outcomes[n.sender_id] is Outcome.UNAUTHORIZED]
        is_renewed = bool(unauthorized) and self._secret.renew()
        if is_renewed and self._clock() < latest:
            outcomes |= self._post_all(unauthorized, latest)
        return outcomes

    def _post_all(
        self, notifications: Sequence[Notification], latest: float = math.inf
    ) -> dict[str, Outcome]:
        """POST all, unless it has become later than `latest` when the secret is there."""
        nobody = {each.sender_id: Outcome.CANNOT_DELIVER_NOW for each in notifications}
        try:
            secret = self._secret.value()
        except SecretUnavailable as error:
            self._on_problem(error)
            return nobody
        if self._clock() >= latest:
            return nobody
        started = [self._post(each, secret) for each in notifications]
        ends = [finish() for finish in started]
        not_notified = Counter(why for outcome, why in ends if outcome is not Outcome.ACCEPTED)
        if not_notified:
            self._on_untold(dict(sorted(not_notified.items())))
        return {
            each.sender_id: outcome for each, (outcome, _) in zip(notifications, ends, strict=True)
        }

    def _post(self, notification: Notification, secret: str) -> Callable[[], tuple[Outcome, str]]:
        body = json.dumps(
            {"sender_id": notification.sender_id, "message": notification.text or ""}
        ).encode()
        headers = {
            "content-type": "application/json",
            "x-intelligence-api-secret": secret,
            "idempotency-key": _header_text(notification.message_id),
        }
        answer = self._http.start(self._url, headers, body, CONNECT_SECONDS, self._timeout)
        return partial(_end_of, answer)


def _end_of(answer: Callable[[], Response]) -> tuple[Outcome, str]:
    """How a POST ended, and the code for why."""
    try:
        status = answer().status
    except NotSent as error:
        return Outcome.CANNOT_DELIVER_NOW, f"NotSent:{error}"
    except NoAnswer as error:
        if error.status is None:
            return Outcome.UNKNOWN, f"NoAnswer:{error}"
        status = error.status  # it alone says what was decided, the body nothing more
    return outcome_of(status), f"Http{status}"


def outcome_of(status: int) -> Outcome:
    """What an HTTP status says about whether a person was answered."""
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status == 401:
        return Outcome.UNAUTHORIZED
    if status in _UNKNOWN_STATUSES:
        return Outcome.UNKNOWN
    if status == 429 or status >= 500:
        return Outcome.CANNOT_DELIVER_NOW
    return Outcome.REJECTED


def _header_text(message_id: str) -> str:
    """An id as a header can carry it; an odd one by its digest."""
    if message_id.isascii() and message_id.isprintable():
        return message_id
    return sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
