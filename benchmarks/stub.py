"""A stand-in for DynamoDB, SQS, Secrets Manager and the reply service, in a process of its own.

It answers after a fixed time, 5 ms for AWS and 100 ms for a reply, and costs as little as Python
allows. `GET /counts` tells what it was asked so far; that call is neither delayed nor counted.

    python -m benchmarks.stub [--aws-ms 5] [--reply-ms 100]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import selectors
import signal
import time
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from zlib import crc32

from benchmarks.counts import Counts
from benchmarks.tables import Refusal, Tables

HOST = "127.0.0.1"
SECRET = "a-secret-for-benchmarks"
END_OF_HEADERS = b"\r\n\r\n"


class World:
    """What all connections share."""

    def __init__(self, aws_seconds: float, reply_seconds: float) -> None:
        self.counts = Counts()
        self.tables = Tables(self.counts)
        self.aws_seconds = aws_seconds
        self.reply_seconds = reply_seconds

    def answer(self, path: bytes, headers: bytes, body: bytes) -> tuple[int, bytes, float]:
        """Return status, body and the seconds to wait before answering."""
        if path == b"/counts":
            return 200, json.dumps(self.counts.as_json()).encode(), 0.0
        if path == b"/reply/":
            self.counts.posts += 1
            return 200, b'{"status":"sent"}', self.reply_seconds
        target = header(headers, b"x-amz-target", b"X-Amz-Target")
        operation = target.rpartition(b".")[2].decode()
        self.counts.calls[operation] += 1
        try:
            content = self.call(operation, json.loads(body))
        except Refusal as refusal:
            return 400, json.dumps(refusal.answer).encode(), self.aws_seconds
        return 200, json.dumps(content).encode(), self.aws_seconds

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one AWS operation."""
        if operation == "GetSecretValue":
            return {"Name": request["SecretId"], "SecretString": SECRET}
        if operation == "SendMessage":
            return {"MessageId": "1"}
        if operation == "SendMessageBatch":
            sent = [{"Id": each["Id"], "MessageId": each["Id"]} for each in request["Entries"]]
            return {"Successful": sent, "Failed": []}
        return self.tables.answer(operation, request)


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests come one after another."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport: Any = transport
        self._is_counted = False

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._buffer += data
        end = self._buffer.find(END_OF_HEADERS)
        if end < 0:
            return
        headers = self._buffer[:end]
        length = int(header(headers, b"content-length", b"Content-Length") or 0)
        start = end + len(END_OF_HEADERS)
        if len(self._buffer) < start + length:
            return
        body, self._buffer = self._buffer[start : start + length], b""
        self._answer(headers, body)

    def _answer(self, headers: bytes, body: bytes) -> None:
        path = headers.split(b" ", 2)[1]
        if path != b"/counts" and not self._is_counted:
            self._is_counted = True
            self._world.counts.connections += 1
        status, content, seconds = self._world.answer(path, headers, body)
        response = render(status, content)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._transport.write, response)
        else:
            self._transport.write(response)


def header(headers: bytes, *names: bytes) -> bytes:
    """Return a header's value, blank without one; `names` are the spellings that clients use."""
    for name in names:
        _, found, rest = headers.partition(b"\r\n" + name + b": ")
        if found:
            return rest.partition(b"\r\n")[0]
    return b""


@lru_cache(maxsize=1)
def date_of(second: int) -> str:
    """Return the Date header of a second."""
    return formatdate(second, usegmt=True)


def render(status: int, body: bytes) -> bytes:
    """Return a response with the headers that AWS sends."""
    return (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Bad Request'}\r\n"
        f"Server: Server\r\nDate: {date_of(int(time.time()))}\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\nx-amzn-RequestId: BENCHMARK\r\n"
        f"x-amz-crc32: {crc32(body)}\r\n\r\n"
    ).encode() + body


async def serve(world: World) -> None:
    """Listen on a free port, print it, and stop on SIGTERM."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(world), HOST, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


def main() -> None:
    """Serve until told to stop, or until the parent is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aws-ms", type=float, default=5.0)
    parser.add_argument("--reply-ms", type=float, default=100.0)
    wanted = parser.parse_args()
    gc.disable()  # a pause here would be measured as the client's
    world = World(wanted.aws_ms / 1000, wanted.reply_ms / 1000)
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(serve(world))


def precise_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that waits by microseconds; the usual one rounds up to milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    main()
