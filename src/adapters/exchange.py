"""One HTTP request and its answer, apart in time: sent when begun, read when finished.

So one thread has many under way: it begins them all, then reads one answer after the
other while the rest arrive. Only a connection that has to be opened takes a thread.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from threading import Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from adapters.response import Answer, BrokenResponse, read_response

# What is left for an answer whose time is over, to read what has arrived already.
LAST_LOOK_SECONDS = 0.05

_OWN_HEADERS = ("user-agent: unc-consumer", "accept-encoding: identity")


class NotSent(Exception):
    """The request did not reach the other side: no connection came about."""


class NoAnswer(Exception):
    """The request may have been acted on, but no answer came."""


class Origin(NamedTuple):
    """Where a connection goes."""

    host: str
    port: int
    is_secure: bool


Keep = Callable[[socket.socket], None]


class TimedStream(io.RawIOBase):
    """Reads a connection up to a moment (monotonic), however little arrives at a time."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Exchange:
    """What goes wrong on the way shows at the end. `keep` gets the connection back, if it lasts.

    `connect` bounds everything up to an open connection, names and TLS included; `read`
    everything from then to the end of the answer.
    """

    def __init__(
        self, request: bytes, origin: Origin, connect: float, read: float, keep: Keep
    ) -> None:
        self._request = request
        self._origin = origin
        self._connect_seconds = connect
        self._read_seconds = read
        self._keep = keep
        self._connection: socket.socket | None = None
        self._opening: Thread | None = None
        self._failure: NotSent | NoAnswer | None = None
        self._lock = Lock()  # sending and giving up exclude each other
        self._is_given_up = False
        self._deadline = 0.0

    def begin(self, connection: socket.socket | None) -> None:
        """Send on an open connection at once, else as soon as one has been opened."""
        if connection:
            self._send(connection)
        else:
            self._deadline = time.monotonic() + self._connect_seconds
            tls = _tls() if self._origin.is_secure else None
            self._opening = Thread(target=self._open, args=(tls,), daemon=True)
            self._opening.start()

    def finish(self) -> Answer:
        """Wait for the answer; raises NotSent or NoAnswer."""
        if self._opening:
            self._await_opening(self._opening)
        if self._failure or not self._connection:
            raise self._failure or NotSent("not begun")
        try:
            return self._read(self._connection)
        except (OSError, BrokenResponse) as error:
            self._connection.close()
            raise NoAnswer(type(error).__name__) from None

    def _await_opening(self, opening: Thread) -> None:
        """Wait for a connection as long as it may take; then see to it that nothing is sent."""
        opening.join(max(self._deadline - time.monotonic(), LAST_LOOK_SECONDS))
        with self._lock:
            self._is_given_up = self._connection is None
        if self._is_given_up:
            self._failure = self._failure or NotSent("timeout")
        else:
            opening.join()  # it is sending, which has its own bound

    def _open(self, tls: ssl.SSLContext | None) -> None:
        host, port, _ = self._origin
        try:
            connection = socket.create_connection((host, port), self._connect_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                connection = tls.wrap_socket(connection, server_hostname=host)
        except (OSError, ValueError) as error:  # ValueError: a host that can be no name
            self._failure = NotSent(type(error).__name__)
        else:
            self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        with self._lock:
            if self._is_given_up:
                connection.close()
                return
            self._connection = connection
            self._deadline = time.monotonic() + self._read_seconds
        try:
            connection.settimeout(self._read_seconds)
            connection.sendall(self._request)
        except OSError as error:
            connection.close()
            self._failure = NoAnswer(type(error).__name__)

    def _read(self, connection: socket.socket) -> Answer:
        deadline = max(self._deadline, time.monotonic() + LAST_LOOK_SECONDS)
        answer, lasts = read_response(io.BufferedReader(TimedStream(connection, deadline)))
        if lasts:
            self._keep(connection)
        else:
            connection.close()
        return answer


@lru_cache(maxsize=16)
def origin_of(url: str) -> Origin:
    """Where a connection for the url goes; raises ValueError when it is none."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    is_secure = parts.scheme == "https"
    return Origin(parts.hostname, parts.port or (443 if is_secure else 80), is_secure)


def render_post(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it goes out; raises ValueError for a header value that cannot be one."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}".removesuffix("?")
    lines = [f"POST {target} HTTP/1.1", *_OWN_HEADERS]
    lines += [f"{name}: {value}" for name, value in {"host": parts.netloc, **headers}.items()]
    lines.append(f"content-length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a line break in a header")
    return f"{head}\r\n\r\n".encode("latin-1") + body


@cache
def _tls() -> ssl.SSLContext:
    """Certificates and host names are checked; loading the authorities takes a while, once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
