"""A reply service to try things with: after a POST it writes an answer as the real one does.

It finds the conversation the way the real one does, by the newest session alone, and answers only
after the reply is written. It is not idempotent either: each accepted POST writes a reply.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from unc.local.reply_writer import ReplyWriter

_HOST = "127.0.0.1"
_PATH = "/reply/"
_SECRET_HEADER = "x-intelligence-api-secret"
DROP_CONNECTION = 0
_LONGEST_BODY_BYTES = 1_000_000


@dataclass(frozen=True)
class ReceivedPost:
    """One POST that reached the service: what it said and which status it got.

    `began_at` and `at`, epoch seconds: when it came, and when it was answered.
    """

    sender_id: str
    message: str
    status: int
    at: float
    idempotency_key: str = ""
    began_at: float = 0.0


@dataclass
class ReplyStandIn:
    """The running service. `posts` holds every POST in the order in which it was answered, `begun`
    the senders of all that have come.

    `fail_with` makes it answer that status and write nothing (DROP_CONNECTION: no answer at all);
    `delay_seconds` makes it slow. Both may be changed while it runs.
    """

    url: str
    secret: str
    writer: ReplyWriter
    posts: list[ReceivedPost] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    fail_with: int | None = None
    delay_seconds: float = 0.0
    on_post: Callable[[ReceivedPost], None] | None = None

    def accepted(self, sender_id: str | None = None) -> list[ReceivedPost]:
        """Return the POSTs that were answered 200, of one sender or of all."""
        return [
            post
            for post in list(self.posts)
            if post.status == 200 and sender_id in (None, post.sender_id)
        ]

    def answer(self, secret: str, body: bytes, key: str) -> int:
        """Decide on one POST, write the reply if it is accepted, and keep a record."""
        began_at = time.time()
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            return self._record("", "", 401, key, began_at)
        request = _read_body(body)
        if request is None:
            return self._record("", "", 422, key, began_at)
        self.begun.append(request[0])
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if self.fail_with is not None:
            return self._record(*request, self.fail_with, key, began_at)
        return self._record(*request, self.write_reply(*request), key, began_at)

    def write_reply(self, sender_id: str, message: str) -> int:
        """Write the outbound message; a table that refuses it is a 500."""
        try:
            self.writer.write_reply(sender_id, message)
        except Exception:
            # The real service answers 500 to any failure behind it, too.
            return 500
        return 200

    def _record(self, sender_id: str, message: str, status: int, key: str, began_at: float) -> int:
        """Record what happened and call the listener."""
        post = ReceivedPost(sender_id, message, status, time.time(), key, began_at)
        self.posts.append(post)
        if self.on_post:
            self.on_post(post)
        return status


def _read_body(body: bytes) -> tuple[str, str] | None:
    """Return sender and message, or None when either is no string."""
    try:
        request = json.loads(body)
        sender_id, message = request["sender_id"], request["message"]
    except (ValueError, KeyError, TypeError):
        return None
    both = isinstance(sender_id, str) and isinstance(message, str)
    return (sender_id, message) if both else None


class _StandInServer(ThreadingHTTPServer):
    """A thread a connection; connections are kept open between POSTs."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    stand_in: ReplyStandIn

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a client that went away."""


class _StandInHandler(BaseHTTPRequestHandler):
    """POST /reply/ and nothing else."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _StandInServer

    def do_POST(self) -> None:
        """Answer one POST."""
        length = min(int(self.headers.get("Content-Length") or 0), _LONGEST_BODY_BYTES)
        body = self.rfile.read(length)
        if self.path != _PATH:
            self._send_json(404)
            return
        secret = self.headers.get(_SECRET_HEADER, "")
        key = self.headers.get("Idempotency-Key", "")
        status = self.server.stand_in.answer(secret, body, key)
        if status == DROP_CONNECTION:
            self.close_connection = True
        else:
            self._send_json(status)

    def _send_json(self, status: int) -> None:
        """Send a status and a small body."""
        body = json.dumps({"status": "sent" if status == 200 else "failed"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the line would hold nothing that the record does not."""


@contextlib.contextmanager
def running_stand_in(secret: str, writer: ReplyWriter, port: int = 0) -> Iterator[ReplyStandIn]:
    """Serve on 127.0.0.1 until the end of the block; a taken port gives way to a free one."""
    server = _bind_server(port)
    server.stand_in = ReplyStandIn(f"http://{_HOST}:{server.server_port}{_PATH}", secret, writer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _bind_server(port: int) -> _StandInServer:
    """Bind the port, or a free one."""
    try:
        return _StandInServer((_HOST, port), _StandInHandler)
    except OSError:
        return _StandInServer((_HOST, 0), _StandInHandler)
