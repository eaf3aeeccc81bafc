"""Connections are kept between calls, and let go before the other side may have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from adapters.http import MAX_IDLE_SECONDS, HttpPool


class _Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def _server() -> Iterator[tuple[str, type[_Counting]]]:
    handler = type("Handler", (_Counting,), {"connections": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", handler
    finally:
        server.shutdown()
        server.server_close()


def test_a_connection_serves_several_posts() -> None:
    """Posts within the idle time share one connection."""
    with _server() as (url, handler):
        pool = HttpPool(1, clock=lambda: 0.0)
        for _ in range(3):
            assert pool.post(url, {}, b"x", 1, 1).status == 200
        assert handler.connections == 1


def test_a_connection_idle_for_long_is_not_used_again() -> None:
    """After a long pause a POST could break on it with an unknown outcome."""
    moments = iter([0.0, 0.0, MAX_IDLE_SECONDS + 1])
    with _server() as (url, handler):
        pool = HttpPool(1, clock=lambda: next(moments))
        for _ in range(2):
            assert pool.post(url, {}, b"x", 1, 1).status == 200
        assert handler.connections == 2
