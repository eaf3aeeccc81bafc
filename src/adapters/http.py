"""The one user of HTTP: connections kept open between calls and invocations."""

from dataclasses import dataclass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    SSLError,
)


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

    def __init__(self, connections: int) -> None:
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)

    def post(
        self, url: str, headers: dict[str, str], body: bytes, connect: float, read: float
    ) -> Answer:
        """POST once.

        Raises NotSent when no connection could be made, and NoAnswer when one was made
        and broke or stayed silent, so that the outcome is unknown.
        """
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
