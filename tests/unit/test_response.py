"""HTTP responses read off a connection: whole, or broken, and nothing between."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.aws.response import MAX_HEADERS, Answer, BrokenResponse, read_answer, read_status

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n2;x=1\r\nes\r\n0\r\n\r\n"


def read_response(stream: BytesIO) -> tuple[Answer, bool]:
    return read_answer(stream, read_status(stream))


def head(status: bytes = b"200 OK", *lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""])


@pytest.mark.parametrize(
    ("sent", "status", "body", "lasts"),
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
        (PLAIN.replace(b"\r\n", b"\n"), 200, b"yes", True),
        (head(b"100 Continue") + PLAIN, 200, b"yes", True),
        (head(b"103 Early Hints", b"Link: x") + head(b"100 Continue") + PLAIN, 200, b"yes", True),
    ],
)
def test_a_whole_response_is_read(sent: bytes, status: int, body: bytes, lasts: bool) -> None:
    answer, stays = read_response(BytesIO(sent))
    assert (answer.status, answer.body, stays) == (status, body, lasts)


def test_header_names_are_read_in_lower_case() -> None:
    answer, _ = read_response(BytesIO(head(b"204 -", b"X-Amz-CRC32:  7 ", b"odd", b"D: a:b")))
    assert answer.headers == {"x-amz-crc32": "7", "odd": "", "d": "a:b"}


def test_what_follows_a_response_is_left_where_it_is() -> None:
    stream = BytesIO(PLAIN + PLAIN)
    assert read_response(stream) == read_response(stream)
    assert stream.read() == b""


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED])
def test_a_response_cut_off_anywhere_is_broken(sent: bytes) -> None:
    for length in range(len(sent)):
        with pytest.raises(BrokenResponse):
            read_response(BytesIO(sent[:length]))


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        head(b"abc"),
        head(b"20"),
        head(b"200 OK", b"Content-Length: x"),
        head(b"200 OK", b"Content-Length: -1"),
        head(b"200 OK", b"Content-Length: 99999999999"),
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"zz\r\n",
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"-1\r\n\r\n",
        head(b"200 OK", b"Transfer-Encoding: chunked") + b"1\r\nyes\r\n0\r\n\r\n",
        head(b"200 OK", *[b"a: b"] * (MAX_HEADERS + 1)),
        head(b"200 OK", b"a: " + b"x" * 70_000),
    ],
)
def test_what_is_no_response_is_broken(sent: bytes) -> None:
    with pytest.raises(BrokenResponse):
        read_response(BytesIO(sent))


@given(st.binary() | st.builds(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest, st.binary()))
def test_any_bytes_are_a_response_or_broken(sent: bytes) -> None:
    try:
        answer, _ = read_response(BytesIO(sent))
    except BrokenResponse:
        return
    assert 200 <= answer.status <= 999 or answer.status < 100
