"""Answers over TLS, which has things to say to itself: they are neither an answer nor its end."""

import socket
import threading
from collections.abc import Callable
from ssl import SSLWantReadError
from typing import Any

import pytest

from consumer.aws.dial import Origin
from consumer.aws.http import MAX_IDLE_SECONDS, HttpPool, NoAnswer

PATIENT_SECONDS = 30.0
HASTY_SECONDS = 0.05


class Ticketed(socket.socket):
    """As TLS 1.3 has it: there is input at once, but it is nothing that was said to us.

    `answers` come to whoever waits, `waited` is what each read allowed.
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


def test_what_tls_says_to_itself_keeps_nobody_waiting_once_the_time_is_over() -> None:
    """A wave of silent connections would else take a moment for each."""
    connection = Ticketed([NO_CONTENT])
    with connection.other:
        pool = HttpPool(1, lambda: 0.0, lambda origin, seconds: connection)
        pool.post("http://reply/", {}, b"x", PATIENT_SECONDS, PATIENT_SECONDS)
        connection.waited.clear()
        finish = pool.start("http://reply/", {}, b"x", PATIENT_SECONDS, HASTY_SECONDS)
        threading.Event().wait(2 * HASTY_SECONDS)
        with pytest.raises(NoAnswer):
            finish()
        assert connection.waited == [0.0]


def test_what_tls_says_to_itself_is_no_answer_that_came_at_an_unknown_time() -> None:
    """The answer was waited for: until just now the connection has been in use."""
    moments, dialled = [0.0], []

    def take_long() -> None:
        moments.append(moments[-1] + MAX_IDLE_SECONDS + 1)

    def dial_one(origin: Origin, seconds: float) -> Ticketed:
        dialled.append(Ticketed([NO_CONTENT, NO_CONTENT], take_long))
        return dialled[-1]

    pool = HttpPool(1, lambda: moments[-1], dial_one)
    for _ in range(2):
        pool.post("http://reply/", {}, b"x", PATIENT_SECONDS, PATIENT_SECONDS)
    assert len(dialled) == 1
    dialled[0].other.close()
