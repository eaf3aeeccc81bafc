"""One HTTP request and its answer, apart in time: sent when begun, read when finished.

So one thread has many under way: it begins them all, then reads one answer after the
other while the rest arrive. Only a connection that has to be opened takes a thread.
"""

import io
import socket
import time
from collections.abc import Callable, Mapping
from select import POLLIN, poll
from ssl import SSLWantReadError
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from consumer.aws.dial import Dial, Origin
from consumer.aws.response import Answer, BrokenResponse, read_answer, read_status

# What is left for an answer whose time is over and that has arrived already, to be read.
LAST_LOOK_SECONDS = 0.05

_OWN_HEADERS = ("user-agent: unc-consumer", "accept-encoding: identity")


class NotSent(Exception):
    """The request did not reach the other side: no connection came about."""


class NoAnswer(Exception):
    """The request may have been acted on, but no whole answer came.

    `status`: what the answer's first line said before the rest broke off; None without one.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


# Gets the connection, and whether its answer was waited for, and so has only just come.
Keep = Callable[[socket.socket, bool], None]


class TimedStream(io.RawIOBase):
    """Reads a connection up to a moment (monotonic), however little arrives at a time.

    `waits`: for what has not arrived yet; else a read of nothing raises what the socket raises.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self.waits = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left if self.waits else 0.0)
        return self._connection.recv_into(buffer)


class Exchange:
    """What goes wrong on the way shows at the end. `keep` gets the connection back, if it lasts.

    `connect` bounds everything up to an open connection, names and TLS included; `read`
    everything from then to the end of the answer.
    """

    def __init__(
        self,
        request: bytes,
        origin: Origin,
        connect: float,
        read: float,
        keep: Keep,
        dial: Dial,
    ) -> None:
        self._request = request
        self._origin = origin
        self._dial = dial
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
            opening = Thread(target=self._open, daemon=True)
            try:
                opening.start()
            except RuntimeError as error:  # as many threads as a container may have
                self._failure = NotSent(type(error).__name__)
            else:
                self._opening = opening

    def finish(self) -> Answer:
        """Wait for the answer; raises NotSent or NoAnswer."""
        if self._opening:
            self._await_opening(self._opening)
        if self._failure or not self._connection:
            raise self._failure or NotSent("not begun")
        return self._read(self._connection)

    def _await_opening(self, opening: Thread) -> None:
        """Wait for a connection as long as it may take; then see to it that nothing is sent."""
        opening.join(max(self._deadline - time.monotonic(), 0.0))
        with self._lock:
            self._is_given_up = self._connection is None
        if self._is_given_up:
            self._failure = self._failure or NotSent("timeout")
        else:
            opening.join()  # it is sending, which has its own bound

    def _open(self) -> None:
        try:
            connection = self._dial(self._origin, self._connect_seconds)
        except (OSError, ValueError) as error:  # ValueError: a host that can be no name
            self._failure = NotSent(type(error).__name__)
            return
        if time.monotonic() < self._deadline:
            self._send(connection)
        else:  # whoever waits may be busy with another answer and has not given up yet
            self._failure = NotSent("timeout")
            connection.close()

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
        status = None
        try:
            stream, was_waited_for = self._await_answer(connection)
            line = read_status(stream)
            status = line.status
            answer, lasts = read_answer(stream, line)
        except (OSError, BrokenResponse) as error:
            connection.close()
            raise NoAnswer(type(error).__name__, status) from None
        if lasts:
            self._keep(connection, was_waited_for)
        else:
            connection.close()
        return answer

    def _await_answer(
        self, connection: socket.socket
    ) -> "tuple[io.BufferedReader[TimedStream], bool]":
        """What reads the answer, and whether it is still to come.

        Once the time is over only what has arrived already is read: a hundred silent
        connections, looked at one after the other, take no time more.
        """
        now = time.monotonic()
        is_over = now >= self._deadline
        stream = TimedStream(connection, max(self._deadline, now + LAST_LOOK_SECONDS))
        reader = io.BufferedReader(stream)
        has_come = _has_come(reader)
        if is_over and not has_come:
            raise TimeoutError
        stream.waits = not is_over
        return reader, not has_come


def _has_come(reader: "io.BufferedReader[TimedStream]") -> bool:
    """Whether an answer, or the connection's end, has arrived; what TLS says to itself is none."""
    try:
        reader.peek(1)
    except (BlockingIOError, SSLWantReadError):
        return False
    return True


def has_input(connection: socket.socket) -> bool:
    """Whether there is something to read: bytes, or the connection's end."""
    poller = poll()
    poller.register(connection, POLLIN)
    return bool(poller.poll(0))


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
