"""The one user of HTTP: connections kept open between calls and invocations.

A connection that has been idle for long may have been closed by the other side while the
container was frozen. A POST on it would break with an unknown outcome, so it is not used.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    SSLError,
)

# Well below what servers and proxies allow: nginx 75 s, Application Load Balancers 60 s.
MAX_IDLE_SECONDS = 20.0


class NotSent(Exception):
    """The request did not reach the other side: no connection came about."""


class NoAnswer(Exception):
    """The request may have been acted on, but no answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpPool:
    """Posts bytes; times in seconds. No redirects, no retries: the caller knows what is safe."""

    def __init__(self, connections: int, clock: Callable[[], float] = time.time) -> None:
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)
        self._clock = clock  # of the wall: a monotonic one may stand still in a frozen container
        self._used_at = clock()

    def post(
        self, url: str, headers: dict[str, str], body: bytes, connect: float, read: float
    ) -> Answer:
        """POST once.

        Raises NotSent when no connection could be made, and NoAnswer when one was made
        and broke or stayed silent, so that the outcome is unknown.
        """
        self._drop_idle_connections()
        timeout = urllib3.Timeout(connect=connect, read=read)
        try:
            response = self._pool.request(
                "POST", url, body=body, headers=headers, timeout=timeout, redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise NotSent(type(error).__name__) from None
        except HTTPError as error:
            raise NoAnswer(type(error).__name__) from None
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, names, response.data)

    def _drop_idle_connections(self) -> None:
        now = self._clock()
        if now - self._used_at > MAX_IDLE_SECONDS:
            self._pool.clear()
        self._used_at = now
