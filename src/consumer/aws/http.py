"""Sends POST requests, many at a time from one thread. No redirects, retries or proxies."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from select import POLLIN, poll
from socket import socket
from urllib.parse import SplitResult, urlsplit

from consumer.aws.connection import MAX_IDLE_SECONDS, Exchange, NotSent, dial

Dial = Callable[[SplitResult, float], socket]

# Responses no further apart than that are handled together, up to so many times in a row.
TOGETHER_SECONDS = 0.005
TOGETHER_TIMES = 4


def as_they_come(exchanges: Iterable[Exchange]) -> Iterator[list[Exchange]]:
    """Give requests in the order of their responses; those that come together, together."""
    left = list(exchanges)
    while left:
        poller = poll()
        seconds = min(each.wait(poller) for each in left)
        poller.poll(math.ceil(1000 * seconds))
        together: list[Exchange] = []
        for _ in range(TOGETHER_TIMES):
            ready = [each for each in left if each.is_ready()]
            left = [each for each in left if each not in ready]
            together += ready
            if not ready or not left:
                break
            time.sleep(TOGETHER_SECONDS)
        if together:
            yield together


class HttpPool:
    """Keeps `connections` open for each URL; times in seconds."""

    def __init__(
        self, connections: int, clock: Callable[[], float] = time.time, dial: Dial = dial
    ) -> None:
        self._connections = connections
        self._clock = clock  # of the wall: a monotonic one may stand still in a frozen container
        self._dial = dial
        self._idle: dict[str, list[tuple[socket, float]]] = {}

    def start(
        self, url: str, headers: Mapping[str, str], body: bytes, connect: float, read: float
    ) -> Exchange:
        """Send without waiting; calling what is returned waits for the response.

        It raises NotSent when no connection opened within `connect` (DNS and TLS included),
        and NoAnswer when no complete response came within `read` after that.
        """
        exchange = Exchange(read, partial(self._keep, url, self._clock()))
        try:
            request = _render_post(urlsplit(url), headers, body)
            if connection := self._take(url):
                exchange.send(request, connection)
            else:
                exchange.open(request, partial(self._dial, urlsplit(url), connect), connect)
        except (ValueError, RuntimeError) as error:  # RuntimeError: no thread is left
            exchange.failure = NotSent(type(error).__name__)
        return exchange

    def _take(self, url: str) -> socket | None:
        """Return an idle connection that the server has not closed."""
        idle = self._idle.get(url, [])
        while idle:
            connection, since = idle.pop()
            poller = poll()
            poller.register(connection, POLLIN)  # input on an idle connection is its end
            if since >= self._clock() - MAX_IDLE_SECONDS and not poller.poll(0):
                return connection
            connection.close()
        return None

    def _keep(self, url: str, started: float, exchange: Exchange) -> None:
        idle = self._idle.setdefault(url, [])
        if len(idle) < self._connections:
            # A response that nobody waited for came at some time since the start.
            idle.append((exchange.connection, self._clock() if exchange.has_waited else started))
        else:
            exchange.connection.close()


def _render_post(url: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    """Raises ValueError for a header value that cannot be sent."""
    fields = {"host": url.netloc, "user-agent": "unc-consumer", "accept-encoding": "identity"}
    fields |= {**headers, "content-length": str(len(body))}
    target = f"{url.path or '/'}?{url.query}".removesuffix("?")
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
