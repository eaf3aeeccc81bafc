"""The one user of HTTP: connections kept open between calls and invocations.

A connection that has been idle for long may have been closed by the other side while the
container was frozen. A POST on it would break with an unknown outcome, so it is not used.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from select import POLLIN, poll
from socket import socket

from adapters.exchange import Exchange, NoAnswer, NotSent, Origin, origin_of, render_post
from adapters.response import Answer

__all__ = ["MAX_IDLE_SECONDS", "Answer", "HttpPool", "NoAnswer", "NotSent"]

# Below what servers and proxies allow: uvicorn 5 s, load balancers 60 s, nginx 75 s.
MAX_IDLE_SECONDS = 4.0


class HttpPool:
    """Posts bytes; times in seconds. No redirects, no retries: the caller knows what is safe.

    `connections`: how many to one place are kept open.
    """

    def __init__(self, connections: int, clock: Callable[[], float] = time.time) -> None:
        self._connections = connections
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
        exchange = Exchange(request, origin, connect, read, partial(self._keep, origin))
        exchange.begin(self._take(origin))
        return exchange.finish

    def _take(self, origin: Origin) -> socket | None:
        """An idle connection that the other side has not closed."""
        idle = self._idle.get(origin, [])
        earliest = self._clock() - MAX_IDLE_SECONDS
        while idle:
            connection, since = idle.pop()
            if since >= earliest and not _has_input(connection):
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, connection: socket) -> None:
        idle = self._idle.setdefault(origin, [])
        if len(idle) < self._connections:
            idle.append((connection, self._clock()))
        else:
            connection.close()


def _has_input(connection: socket) -> bool:
    """Nobody speaks unasked on an idle connection: input is its end."""
    poller = poll()
    poller.register(connection, POLLIN)
    return bool(poller.poll(0))


def _fail(error: Exception) -> Answer:
    raise error
