"""A proxy between the functions and the outside that lets calls come to harm.

It forwards POSTs to one other side, deals each its fault, and writes down what it saw. Only the
functions' calls go through it, so every connection belongs to one of their processes.
"""

import contextlib
import http.client
import json
import select
import socket
import threading
from collections.abc import Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.fault_schedule import FaultSchedule
from tests.e2e.faults import Answer, Fault, Json
from tests.e2e.journal import POST, Exchange, Journal
from tests.e2e.workers import Workers

HOST = "127.0.0.1"
UPSTREAM_SECONDS = 30.0
# Said anew on each hop.
OWN_HEADERS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


class Proxy(ThreadingHTTPServer):
    """A thread a connection, as the functions keep theirs open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, upstream: str, schedule: FaultSchedule, journal: Journal, workers: Workers
    ) -> None:
        super().__init__((HOST, 0), ProxyHandler)
        self.upstream = urlsplit(upstream)
        self.schedule = schedule
        self.journal = journal
        self.workers = workers
        self.is_closing = threading.Event()

    @property
    def url(self) -> str:
        """The other side's address as it is called through here."""
        return self.upstream._replace(netloc=f"{HOST}:{self.server_port}").geturl()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a caller that went away: it was killed here."""


class ProxyHandler(BaseHTTPRequestHandler):
    """One connection of one worker."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    @cached_property
    def worker(self) -> int:
        """Who calls; first asked while that process waits for an answer."""
        return self.server.workers.owner_of(self.client_address[1], self.server.server_port)

    def do_POST(self) -> None:
        """Let one call meet its fault."""
        started, worker = self.server.journal.next_number(), self.worker
        request: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers.get("X-Amz-Target", POST).rpartition(".")[2]
        fault = self.server.schedule.draw(operation)
        self.server.is_closing.wait(fault.delay_seconds)
        sent, besides = fault.halves(request) if fault.halves else (request, {})
        answer = self.ask(sent) if fault.reaches else None
        self.write_down(started, operation, sent, fault, answer)
        if fault.silent:
            self.close_connection = True
        else:
            self.reply(made_up(fault, request) or with_fields(answer, besides))
        if fault.kills:
            self.server.workers.kill(worker)

    def ask(self, request: Json) -> Answer:
        """Send the call on, over a connection of its own: one kept open may have ended unseen."""
        headers = {k: v for k, v in self.headers.items() if k.lower() not in OWN_HEADERS}
        netloc = self.server.upstream.netloc
        with contextlib.closing(http.client.HTTPConnection(netloc, timeout=UPSTREAM_SECONDS)) as to:
            to.request("POST", self.path, json.dumps(request).encode(), headers)
            response = to.getresponse()
            return Answer(response.status, response.read())

    def write_down(
        self, started: int, operation: str, request: Json, fault: Fault, answer: Answer | None
    ) -> None:
        self.server.journal.write(
            Exchange(
                started=started,
                ended=self.server.journal.next_number(),
                worker=self.worker,
                operation=operation,
                request=request,
                key=self.headers.get("Idempotency-Key", ""),
                fault=fault,
                status=answer.status if answer else None,
                is_unheard=self.has_hung_up(),
            )
        )

    def has_hung_up(self) -> bool:
        """Whether the caller has closed its end already: it would wait no longer, or it died."""
        if not select.select([self.connection], [], [], 0)[0]:
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return True

    def reply(self, answer: Answer) -> None:
        """Give the caller an answer."""
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the journal holds more."""


def made_up(fault: Fault, request: Json) -> Answer | None:
    return fault.answer(request) if fault.answer else None


def with_fields(answer: Answer | None, besides: Json) -> Answer:
    """The other side's answer, and what the proxy has to say besides."""
    assert answer is not None, "a call that did not reach the other side has no answer of it"
    if not besides:
        return answer
    return Answer(answer.status, json.dumps(json.loads(answer.body) | besides).encode())


@contextlib.contextmanager
def running_proxy(
    upstream: str, schedule: FaultSchedule, journal: Journal, workers: Workers
) -> Iterator[Proxy]:
    """Serve on 127.0.0.1 at a free port until the end of the block."""
    proxy = Proxy(upstream, schedule, journal, workers)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.is_closing.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join(5)
