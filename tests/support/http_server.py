"""An HTTP server on this machine that answers by a script, as badly as it is told to."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Handler"], None]


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stub:
    """A running server: its address, what it was asked, and what it has still to do."""

    url: str
    script: list[Act]
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    has_closed: threading.Event = field(default_factory=threading.Event)

    def next_act(self) -> Act:
        """The last act of the script is repeated."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, self.rfile.read(size), self.client_address)
        self.stub.requests.append(request)
        self.stub.next_act()(self)

    do_GET = do_POST  # noqa: N815 (as the standard library names them)

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.stub.has_closed.set()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def serving(*script: Act) -> Iterator[Stub]:
    """Serve on a free port; whoever was left without an answer is let go at the end."""
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
    """Answer as AWS declines."""
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


@contextmanager
def nobody() -> Iterator[str]:
    """An address where no connection comes about: the port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
