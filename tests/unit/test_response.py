"""HTTP responses as http.client reads them: complete, or an error that says so."""

from collections.abc import Callable
from io import BytesIO
from socket import socket
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.aws.connection import MAX_BODY_BYTES, Exchange, NoAnswer, Response

LONG_SECONDS = 30.0
MAX_HEADERS = 100  # of http.client
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n2;x=1\r\nes\r\n0\r\n\r\n"


class Received:
    """A connection from which `read` gets the next bytes, and nothing at its end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read

    def settimeout(self, seconds: float) -> None:
        pass

    def sendall(self, request: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def recv_into(self, buffer: Any) -> int:
        received = self.read(len(buffer))
        buffer[: len(received)] = received
        return len(received)


def read_response(read: Callable[[int], bytes]) -> tuple[Response, bool]:
    """The response, and whether its connection may be used again."""
    kept: list[Exchange] = []
    exchange = Exchange(LONG_SECONDS, kept.append)
    exchange.send(b"", cast(socket, Received(read)))
    return exchange(), bool(kept)


def head(status: bytes = b"200 OK", *lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""])


@pytest.mark.parametrize(
    ("sent", "status", "body", "is_reusable"),
    [
        (PLAIN, 200, b"yes", True),
        (CHUNKED, 200, b"yes", True),
        (CHUNKED[:-2] + b"Trailer: x\r\n\r\n", 200, b"yes", True),
        (head(b"204 No Content"), 204, b"", True),
        (head(b"200", b"content-LENGTH: 0"), 200, b"", True),
        (head(b"200 OK", b"Connection: Close", b"Content-Length: 0"), 200, b"", False),
        (head(b"200 OK") + b"yes", 200, b"yes", False),
        (head(b"204 No Content", b"Keep-Alive: timeout=5, max=100"), 204, b"", True),
        (head(b"204 No Content", b"Keep-Alive: max=100, Timeout = 4"), 204, b"", False),
        (PLAIN.replace(b"1.1", b"1.0"), 200, b"yes", False),
        (
            PLAIN.replace(b"1.1", b"1.0").replace(b"OK", b"OK\r\nConnection: keep-alive"),
            200,
            b"yes",
            False,
        ),
        (PLAIN.replace(b"\r\n", b"\n"), 200, b"yes", True),
        (head(b"100 Continue") + PLAIN, 200, b"yes", True),
        (head(b"103 Early Hints", b"Link: x") + head(b"100 Continue") + PLAIN, 200, b"yes", True),
        (head(b"103 Early Hints") + head(b"103 Early Hints") + CHUNKED, 200, b"yes", True),
        (head(b"200 OK", b"Content-Length: 3", b"no header") + b"yes", 200, b"yes", True),
        (head(b"200 OK", b"Content-Length: x") + b"yes", 200, b"yes", False),
        (head(b"200 OK", b"Content-Length: -1") + b"yes", 200, b"yes", False),
    ],
)
def test_a_complete_response_is_read(
    sent: bytes, status: int, body: bytes, is_reusable: bool
) -> None:
    response, may_be_reused = read_response(BytesIO(sent).read)
    assert (response.status, response.body, may_be_reused) == (status, body, is_reusable)


def test_header_names_ignore_case() -> None:
    response, _ = read_response(BytesIO(head(b"204 -", b"X-Amz-CRC32:  7", b"D: a:b")).read)
    assert (response.headers["x-amz-crc32"], response.headers["d"]) == ("7", "a:b")


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED])
def test_what_follows_a_response_is_not_read(sent: bytes) -> None:
    stream = BytesIO(sent + sent)
    for _ in range(2):
        assert read_response(lambda size: stream.read(1))[0].body == b"yes"
    assert stream.read() == b""


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED])
def test_a_response_cut_off_anywhere_is_no_answer(sent: bytes) -> None:
    for length in range(len(sent)):
        with pytest.raises(NoAnswer):
            read_response(BytesIO(sent[:length]).read)


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        head(b"abc"),
        head(b"20"),
        head(b"200 OK", b"Content-Length: 99999999999"),
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"zz\r\n",
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"-1\r\n\r\n",
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"1\r\nyes\r\n0\r\n\r\n",
        head(b"200 OK", *[b"a: b"] * (MAX_HEADERS + 1)),
        head(b"200 OK", b"a: " + b"x" * 70_000),
    ],
)
def test_bytes_that_are_no_response_are_no_answer(sent: bytes) -> None:
    with pytest.raises(NoAnswer):
        read_response(BytesIO(sent).read)


@pytest.mark.parametrize(
    "line",
    [b"Content-Length: 99999999999", b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF", b"A: b"],
)
def test_a_body_over_the_limit_is_no_answer(line: bytes) -> None:
    """It is not read to its end."""
    start, size = BytesIO(head(b"200 OK", line)), 0

    def read(wanted: int) -> bytes:
        nonlocal size
        size += wanted
        return start.read(wanted) or bytes(wanted)

    with pytest.raises(NoAnswer):
        read_response(read)
    assert size < 2 * MAX_BODY_BYTES


@given(st.binary() | st.builds(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest, st.binary()))
def test_any_bytes_are_a_response_or_no_answer(sent: bytes) -> None:
    try:
        response, _ = read_response(BytesIO(sent).read)
    except NoAnswer:
        return
    assert 200 <= response.status <= 999
