"""An HTTP server on this machine that answers by a script: well, badly, or by asking another."""

import contextlib
import http.client
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Act = Callable[["Handler"], None]

# For a machine that is busy: whatever is asked here answers.
FORWARD_SECONDS = 300.0
# Each hop has its own.
HOP_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int]
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stub:
    """A running server: its address, its requests so far, and the acts still to come."""

    url: str
    script: list[Act]
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    has_closed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_act(self) -> Act:
        """The last act of the script is repeated; any connection's thread may ask."""
        with self._lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Handler(BaseHTTPRequestHandler):
    """One connection; `received` is the request that is being answered."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stub: Stub
    received: Request

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(size)
        self.received = Request(self.path, headers, body, self.client_address, self.command)
        self.stub.requests.append(self.received)
        self.stub.next_act()(self)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815 (the standard library's names)

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.stub.has_closed.set()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error of a test's own; that a client went away is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(*script: Act) -> Iterator[Stub]:
    """Serve on a free port; clients that still wait are let go at the end."""
    handler = type("_Handler", (Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        stub = Stub(f"http://127.0.0.1:{server.server_port}", list(script) or [reply()])
        handler.stub = stub  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield stub
        finally:
            stub.released.set()
            server.shutdown()


def reply(status: int = 200, content: object = None, **headers: str) -> Act:
    """Answer with JSON, or with bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()

    def act(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def error(status: int, code: str, **content: object) -> Act:
    """Answer with an error of AWS."""
    return reply(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"} | content)


def hang_up(sent: bytes = b"") -> Act:
    """Break the connection after these bytes."""

    def act(handler: Handler) -> None:
        handler.wfile.write(sent)
        handler.close_connection = True

    return act


def stay_silent(handler: Handler) -> None:
    """Take the request and never answer it."""
    handler.stub.released.wait()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Answer a byte at a time, without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not handler.stub.released.wait(0.005):
        try:
            handler.wfile.write(b"x")
        except OSError:
            break
    handler.close_connection = True


def forward(upstream: str, request: Request, body: bytes | None = None) -> tuple[int, bytes]:
    """Send a request on to another server, with another body if given; gives status and body.

    Each has a connection of its own: one that is kept open may have ended unseen.
    """
    headers = {name: value for name, value in request.headers.items() if name not in HOP_HEADERS}
    connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=FORWARD_SECONDS)
    with contextlib.closing(connection):
        content = request.body if body is None else body
        connection.request("POST", request.path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def nobody() -> Iterator[str]:
    """An address where no connection comes about: the port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
