"""One request on one connection: resolve, connect, wrap in TLS, send, read the response."""

import io
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from http.client import HTTPException, HTTPMessage, HTTPResponse
from select import POLLIN
from threading import Lock, Thread
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult

# Below what servers and proxies allow: uvicorn 5 s, load balancers 60 s, nginx 75 s.
# A POST on a connection that ended while the container was frozen has an unknown outcome.
MAX_IDLE_SECONDS = 4.0
MAX_BODY_BYTES = 64 * 1024 * 1024
OVERTIME_SECONDS = 0.05  # to read a response that arrived before its deadline
OPENING_SECONDS = 0.02  # until a connection that opens in a thread is looked at again

_KEEP_ALIVE = re.compile(r"\btimeout\s*=\s*([0-9]{1,9})\b", re.IGNORECASE)
_tls_lock = Lock()


class NotSent(Exception):
    """The request did not reach the server: no connection was opened in time."""


class NoAnswer(Exception):
    """The request may have been acted on, but no complete response came.

    `status`: from the status line, if that came before the response broke off.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class Response(NamedTuple):
    """A complete response; the names in `headers` ignore case."""

    status: int
    headers: HTTPMessage
    body: bytes


class Exchange(io.RawIOBase):
    """A request and its response, which http.client reads from here as from a socket.

    Calling it waits for the response; `keep` is then called with a connection that may be used
    again. Once the time is over it reads what has arrived and never waits: a hundred silent
    connections take no more time. TLS control records do not count as an answer.
    """

    connection: socket.socket
    has_waited = False

    def __init__(self, read_seconds: float, keep: Callable[["Exchange"], None]) -> None:
        self.failure: Exception | None = NotSent("timeout")  # until the request is sent
        self._read_seconds = read_seconds
        self._keep = keep
        self._deadline = self._end = 0.0
        self._opening: Thread | None = None
        self._decision = Lock()  # taken once: by who sends, or by who gives up waiting
        self._may_end = False
        self._early = b""  # what `is_ready` has read

    def open(self, request: bytes, dial: Callable[[], socket.socket], seconds: float) -> None:
        """Send as soon as a connection opens, if in time; raises RuntimeError for no thread."""
        self._deadline = time.monotonic() + seconds
        opening = Thread(target=self._open, args=(request, dial), daemon=True)
        opening.start()
        self._opening = opening

    def _open(self, request: bytes, dial: Callable[[], socket.socket]) -> None:
        try:
            connection = dial()
        except (OSError, ValueError) as error:  # ValueError: no valid host or port
            self.failure = NotSent(type(error).__name__)
            return
        if time.monotonic() < self._deadline and self._decision.acquire(blocking=False):
            self.send(request, connection)
        else:
            connection.close()

    def send(self, request: bytes, connection: socket.socket) -> None:
        """Send now; the call raises the error."""
        self._deadline = time.monotonic() + self._read_seconds
        self.connection, self.failure = connection, None
        try:
            connection.settimeout(self._read_seconds)
            connection.sendall(request)
        except OSError as error:
            connection.close()
            self.failure = NoAnswer(type(error).__name__)

    def is_ready(self) -> bool:
        """Whether a response, an error or the end of the time has come; it never waits."""
        if time.monotonic() >= self._deadline:
            return True
        if self._opening and self._opening.is_alive():
            return False
        if self.failure is None:
            try:
                self.connection.settimeout(0.0)
                self._early += self.connection.recv(io.DEFAULT_BUFFER_SIZE)
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            except OSError:  # the call meets it again
                return True
        return True

    def wait(self, poller: Any) -> float:
        """Have the connection polled; gives for how many seconds at most."""
        is_open = not (self._opening and self._opening.is_alive()) and self.failure is None
        if is_open:
            poller.register(self.connection, POLLIN)
        left = max(self._deadline - time.monotonic(), 0.0)
        return left if is_open else min(left, OPENING_SECONDS)

    def __call__(self) -> Response:
        """Wait for the response; raises NotSent or NoAnswer."""
        if self._opening:
            self._opening.join(max(self._deadline - time.monotonic(), 0.0))
            if not self._decision.acquire(blocking=False):
                self._opening.join()  # it is sending, which has its own limit
        if self.failure:
            raise self.failure
        self._end = max(self._deadline, time.monotonic() + OVERTIME_SECONDS)
        with HTTPResponse(cast(socket.socket, self)) as http:
            http.status = 0  # until a status line has come
            try:
                return self._read(http)
            except (OSError, HTTPException) as error:
                self.connection.close()
                status = http.status if http.status >= 200 else None
                raise NoAnswer(type(error).__name__, status) from None

    def _read(self, http: HTTPResponse) -> Response:
        http.begin()
        while http.status < 200:  # begin skips 100 Continue, but not 103 Early Hints
            http.headers = None  # type: ignore[assignment]  # so that it begins again
            http.begin()
        self._may_end = http.length is None and not http.chunked
        body = http.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException("the body is too long")
        promised = _KEEP_ALIVE.search(http.headers.get("keep-alive", ""))
        lasts = promised is None or int(promised[1]) > MAX_IDLE_SECONDS
        if http.version == 11 and not http.will_close and lasts:
            self._keep(self)
        else:
            self.connection.close()
        return Response(http.status, http.headers, body)

    def makefile(self, mode: str) -> "io.BufferedReader[Exchange]":
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._early:
            size = min(len(self._early), len(buffer))
            buffer[:size], self._early = self._early[:size], self._early[size:]
            return size
        now = time.monotonic()
        if now >= self._end:
            raise TimeoutError
        try:
            self.connection.settimeout(0.0)
            size = self.connection.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            if now >= self._deadline:
                raise TimeoutError from None
            self.has_waited = True
            self.connection.settimeout(self._deadline - now)
            size = self.connection.recv_into(buffer)
        if not size and not self._may_end:
            raise ConnectionResetError
        return size


def dial(url: SplitResult, seconds: float) -> socket.socket:
    """Connect; raises OSError, and ValueError for a host or port that is not valid."""
    if not url.hostname:
        raise ValueError("no host")
    port = url.port or (443 if url.scheme == "https" else 80)
    found = socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    connection = connect([address[:2] for *_, address in found], seconds)
    connection.settimeout(seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if url.scheme != "https":
        return connection
    with _tls_lock:  # the first of many threads loads the authorities for all
        context = tls_context()
    return context.wrap_socket(connection, server_hostname=url.hostname)


def connect(addresses: list[Any], seconds: float) -> socket.socket:
    """Connect to the first address that answers; each but the last has half of the time left."""
    deadline = time.monotonic() + seconds
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection(address, (deadline - time.monotonic()) / 2)
    return socket.create_connection(last, deadline - time.monotonic())


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates to trust, loaded once: on a small container it takes long."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
