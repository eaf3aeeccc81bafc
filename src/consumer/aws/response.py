"""Reads an HTTP/1 response off a connection.

The standard library's reader goes through its mail parser, at several times the cost.
What is not read here: trailers' content, and folded header lines, which nobody sends.
Framing by RFC 9112, section 6: https://www.rfc-editor.org/rfc/rfc9112#section-6
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

MAX_LINE_BYTES = 65_536
MAX_HEADERS = 200
MAX_BODY_BYTES = 64 * 1024 * 1024
LEAST_KEEP_ALIVE_SECONDS = 5  # more than we leave a connection idle

_BODILESS = (204, 304)
_BLANK = (b"\r\n", b"\n")
_KEEP_ALIVE = re.compile(r"\btimeout\s*=\s*([0-9]{1,9})\b", re.IGNORECASE)


class BrokenResponse(Exception):
    """The response ended before its end, or is no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What was decided: it is known, though the rest of the answer may be cut off."""

    version: bytes
    status: int


def read_status(stream: BinaryIO) -> StatusLine:
    """Read up to the answer's headers; raises BrokenResponse, and what the stream raises."""
    while True:
        line = _read_status_line(stream)
        if line.status // 100 != 1:  # 100 Continue, 103 Early Hints: the answer is still to come
            return line
        _read_headers(stream)


def read_answer(stream: BinaryIO, line: StatusLine) -> tuple[Answer, bool]:
    """Read headers and body, and say whether the connection may be used again.

    Raises BrokenResponse, and what the stream raises.
    """
    headers = _read_headers(stream)
    try:
        body = _read_body(stream, line.status, headers)
    except ValueError as error:
        raise BrokenResponse(str(error)) from None
    lasts = _stays_open(line.version, headers) and _has_end(line.status, headers)
    return Answer(line.status, headers, body), lasts


def _read_status_line(stream: BinaryIO) -> StatusLine:
    version, _, rest = _read_line(stream).partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit() or len(status) < 3:
        raise BrokenResponse("no status line")
    return StatusLine(version, int(status))


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers = {}
    for line in _read_lines(stream):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read_lines(stream: BinaryIO) -> Iterable[bytes]:
    """Lines up to a blank one."""
    for _ in range(MAX_HEADERS):
        line = _read_line(stream)
        if line in _BLANK:
            return
        yield line
    raise BrokenResponse("too many headers")


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise BrokenResponse("a line is cut off or too long")
    return line


def _read_body(stream: BinaryIO, status: int, headers: Mapping[str, str]) -> bytes:
    if status in _BODILESS:
        return b""
    if _is_chunked(headers):
        return _read_chunks(stream)
    if "content-length" in headers:
        return _read_exactly(stream, int(headers["content-length"]))
    return _read_to_end(stream)


def _stays_open(version: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the other side keeps the connection open for another request, and long enough."""
    if version == b"HTTP/1.0" or "close" in headers.get("connection", "").lower():
        return False
    if promised := _KEEP_ALIVE.search(headers.get("keep-alive", "")):
        return int(promised[1]) >= LEAST_KEEP_ALIVE_SECONDS
    return True


def _has_end(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the response says where it ends; else the connection's end is its end."""
    return status in _BODILESS or _is_chunked(headers) or "content-length" in headers


def _is_chunked(headers: Mapping[str, str]) -> bool:
    return "chunked" in headers.get("transfer-encoding", "").lower()


def _read_chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while size := int(_read_line(stream).partition(b";")[0], 16):
        body += _read_exactly(stream, size)
        if len(body) > MAX_BODY_BYTES or _read_line(stream) not in _BLANK:
            raise BrokenResponse("a chunk does not end where it says")
    for _ in _read_lines(stream):
        pass  # trailers
    return bytes(body)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    if not 0 <= size <= MAX_BODY_BYTES:
        raise BrokenResponse("a size that cannot be")
    body = stream.read(size)
    if len(body) < size:
        raise BrokenResponse("the body is cut off")
    return body


def _read_to_end(stream: BinaryIO) -> bytes:
    body = stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise BrokenResponse("a body without end")
    return body
