"""The reply service: one POST for each sender, all at once.

It is not idempotent, so what decides is whether a POST may have been accepted: only a
failure that says it was not counts as one that may be tried again.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

from consumer.aws.connection import Exchange, NoAnswer, NotSent, Response
from consumer.aws.http import HttpPool, as_they_come
from consumer.aws.secrets import ReplySecret
from consumer.errors import SecretUnavailable
from consumer.notification.notification import Notification
from consumer.notification.step import Outcome, PostEnd

CONNECT_SECONDS = 5.0  # a hundred handshakes at once, on a seventh of a core

# The other side, or a proxy before it, has waited for an end that it did not see. 520 and 524 are
# Cloudflare's: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
_UNKNOWN_STATUSES = (408, 504, 520, 524)


class HttpReplyService:
    """See ReplyService. `timeout`: seconds until a silent answer counts as unknown.

    `on_untold` gets why POSTs were not accepted, as codes (`Http503`, `NotSent:gaierror`,
    `NoAnswer:TimeoutError`) with how many each; `on_problem` what keeps all from being sent;
    `on_end` each POST with its code (`Http200`) and the seconds that it took.
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
        on_end: Callable[[Notification, str, float], None] = lambda *_: None,
    ) -> None:
        self._http = http
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._on_problem = on_problem
        self._on_untold = on_untold
        self._clock = clock
        self._on_end = on_end

    def post(
        self, notifications: Sequence[Notification], seconds_to_start: float
    ) -> Iterator[dict[str, PostEnd]]:
        """POST all; those answered 401 once more with a secret fetched anew."""
        latest = self._clock() + seconds_to_start
        unauthorized: list[tuple[Notification, PostEnd]] = []
        for ends in self._post_all(notifications, latest):
            refused = [each for each in ends if each[1].outcome is Outcome.UNAUTHORIZED]
            unauthorized += refused
            yield {n.sender_id: end for n, end in ends if (n, end) not in refused}
        if unauthorized and self._secret.renew() and self._clock() < latest:
            for ends in self._post_all([n for n, _ in unauthorized], latest):
                yield {n.sender_id: end for n, end in ends}
        elif unauthorized:
            yield {n.sender_id: end for n, end in unauthorized}

    def _post_all(
        self, notifications: Sequence[Notification], latest: float
    ) -> Iterator[list[tuple[Notification, PostEnd]]]:
        """POST all, unless it has become later than `latest` when the secret is there."""
        try:
            secret = self._secret.value()
        except SecretUnavailable as error:
            self._on_problem(error)
            end = PostEnd(Outcome.CANNOT_DELIVER_NOW, type(error).__name__)
            yield [(each, end) for each in notifications]
            return
        if self._clock() >= latest:
            yield [(each, PostEnd(Outcome.NOT_SENT)) for each in notifications]
            return
        begin = time.perf_counter()
        started = {self._post(each, secret): each for each in notifications}
        reasons: Counter[str] = Counter()
        for ready in as_they_come(started):
            ends = [(started[each], _end_of(each)) for each in ready]
            reasons.update(end.code for _, end in ends if end.outcome is not Outcome.ACCEPTED)
            for notification, end in ends:
                self._on_end(notification, end.code, time.perf_counter() - begin)
            yield ends
        if reasons:
            self._on_untold(dict(sorted(reasons.items())))

    def _post(self, notification: Notification, secret: str) -> Exchange:
        body = {"sender_id": notification.sender_id, "message": notification.text or ""}
        headers = {
            "content-type": "application/json",
            "x-intelligence-api-secret": secret,
            "idempotency-key": _header_text(notification.idempotency_key),
        }
        encoded = json.dumps(body).encode()
        return self._http.start(self._url, headers, encoded, CONNECT_SECONDS, self._timeout)


def _end_of(wait: Callable[[], Response]) -> PostEnd:
    """How a POST ended, and the code for why."""
    try:
        status = wait().status
    except NotSent as error:
        return PostEnd(Outcome.CANNOT_DELIVER_NOW, f"NotSent:{error}")
    except NoAnswer as error:
        if error.status is None:
            return PostEnd(Outcome.UNKNOWN, f"NoAnswer:{error}")
        status = error.status  # it alone says what was decided, the body nothing more
    return PostEnd(outcome_of(status), f"Http{status}")


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


def _header_text(key: str) -> str:
    """A key as a header can carry it; an odd one by its digest."""
    if key.isascii() and key.isprintable():
        return key
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
