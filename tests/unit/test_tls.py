"""TLS control records count neither as an answer nor as its end."""

import socket
import threading
from collections.abc import Callable
from ssl import SSLWantReadError
from typing import Any
from urllib.parse import SplitResult

import pytest

from consumer.aws.connection import MAX_IDLE_SECONDS, NoAnswer
from consumer.aws.http import HttpPool

LONG_SECONDS = 30.0
SHORT_SECONDS = 0.05


class Ticketed(socket.socket):
    """A connection with a TLS 1.3 session ticket: there is input, but no data.

    `answers` arrive when a read waits; `waited` holds the timeout of each read.
    """

    def __init__(self, answers: list[bytes], on_wait: Callable[[], None] = lambda: None) -> None:
        own, self.other = socket.socketpair()
        super().__init__(fileno=own.detach())
        self.other.sendall(b"ticket")
        self.is_fresh = True
        self.answers = answers
        self.on_wait = on_wait
        self.waited: list[float] = []
        self.timeout_seconds = 0.0

    def settimeout(self, value: float | None) -> None:
        self.timeout_seconds = value or 0.0

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        if self.is_fresh:
            self.recv(len(b"ticket"))
            self.is_fresh = False
        self.waited.append(self.timeout_seconds)
        if not self.timeout_seconds:
            raise SSLWantReadError
        self.on_wait()
        answer = self.answers.pop(0)
        buffer[: len(answer)] = answer
        return len(answer)


NO_CONTENT = b"HTTP/1.1 204 -\r\n\r\n"


def test_a_tls_control_record_costs_no_time_after_the_deadline() -> None:
    """Many silent connections would otherwise take time for each."""
    connection = Ticketed([NO_CONTENT])
    with connection.other:
        pool = HttpPool(1, lambda: 0.0, lambda url, seconds: connection)
        pool.start("http://reply/", {}, b"x", LONG_SECONDS, LONG_SECONDS)()
        connection.waited.clear()
        finish = pool.start("http://reply/", {}, b"x", LONG_SECONDS, SHORT_SECONDS)
        threading.Event().wait(2 * SHORT_SECONDS)
        with pytest.raises(NoAnswer):
            finish()
        assert connection.waited == [0.0]


def test_a_tls_control_record_is_no_answer_that_came_at_an_unknown_time() -> None:
    """The answer was waited for: until just now the connection has been in use."""
    moments, dialled = [0.0], []

    def take_long() -> None:
        moments.append(moments[-1] + MAX_IDLE_SECONDS + 1)

    def dial_one(url: SplitResult, seconds: float) -> Ticketed:
        dialled.append(Ticketed([NO_CONTENT, NO_CONTENT], take_long))
        return dialled[-1]

    pool = HttpPool(1, lambda: moments[-1], dial_one)
    for _ in range(2):
        pool.start("http://reply/", {}, b"x", LONG_SECONDS, LONG_SECONDS)()
    assert len(dialled) == 1
    dialled[0].other.close()
