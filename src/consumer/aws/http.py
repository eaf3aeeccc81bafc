"""The one user of HTTP: connections kept open between calls and invocations.

A connection that has been idle for long may have been closed by the other side while the
container was frozen. A POST on it would break with an unknown outcome, so it is not used.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from socket import socket

from consumer.aws.dial import Dial, Origin, dial, origin_of
from consumer.aws.exchange import Exchange, NoAnswer, NotSent, has_input, render_post
from consumer.aws.response import Answer

__all__ = ["MAX_IDLE_SECONDS", "Answer", "HttpPool", "NoAnswer", "NotSent"]

# Below what servers and proxies allow: uvicorn 5 s, load balancers 60 s, nginx 75 s.
MAX_IDLE_SECONDS = 4.0


class HttpPool:
    """Posts bytes; times in seconds. No redirects, no retries: the caller knows what is safe.

    `connections`: how many to one place are kept open.
    """

    def __init__(
        self, connections: int, clock: Callable[[], float] = time.time, dial: Dial = dial
    ) -> None:
        self._connections = connections
        self._dial = dial
        self._idle: dict[Origin, list[tuple[socket, float]]] = {}
        self._clock = clock  # of the wall: a monotonic one may stand still in a frozen container

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, connect: float, read: float
    ) -> Answer:
        """POST once.

        Raises NotSent when no connection could be made, and NoAnswer when one was made
        and broke or stayed silent, so that the outcome is unknown.
        """
        return self.start(url, headers, body, connect, read)()

    def start(
        self, url: str, headers: Mapping[str, str], body: bytes, connect: float, read: float
    ) -> Callable[[], Answer]:
        """Send without waiting; the call that it gives waits, and raises what `post` does."""
        try:
            origin, request = origin_of(url), render_post(url, headers, body)
        except ValueError as error:
            return partial(_fail, NotSent(type(error).__name__))
        keep = partial(self._keep, origin, self._clock())
        exchange = Exchange(request, origin, connect, read, keep, self._dial)
        exchange.begin(self._take(origin))
        return exchange.finish

    def _take(self, origin: Origin) -> socket | None:
        """An idle connection that the other side has not closed."""
        idle = self._idle.get(origin, [])
        earliest = self._clock() - MAX_IDLE_SECONDS
        while idle:
            connection, since = idle.pop()
            if since >= earliest and not has_input(connection):  # input here is its end
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, sent: float, connection: socket, was_waited_for: bool) -> None:
        """Keep it for later; an answer that nobody waited for came at an unknown time since."""
        idle = self._idle.setdefault(origin, [])
        if len(idle) < self._connections:
            idle.append((connection, self._clock() if was_waited_for else sent))
        else:
            connection.close()


def _fail(error: Exception) -> Answer:
    raise error
