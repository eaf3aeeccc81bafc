"""A proxy between the functions and the services that injects faults.

It forwards one function's POSTs to one service, draws a fault for each, and notes what it saw. Only
that function's calls go through it, so every connection belongs to one of its processes.
"""

import contextlib
import json
import select
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.e2e.fault_schedule import FaultSchedule
from tests.e2e.faults import Answer, Fault, Json
from tests.e2e.journal import POST, Exchange, Journal
from tests.e2e.workers import Workers
from tests.support.http_server import Handler, forward, reply, serving


class Proxy:
    """Answers each call as its fault says; any connection's thread may ask."""

    def __init__(
        self,
        upstream: str,
        function: str,
        schedule: FaultSchedule,
        journal: Journal,
        workers: Workers,
    ) -> None:
        self._upstream = upstream
        self._function = function
        self._schedule = schedule
        self._journal = journal
        self._workers = workers

    def __call__(self, handler: Handler) -> None:
        """Let one call meet its fault."""
        started = self._journal.next_number()
        request: Json = handler.received.json
        operation = handler.received.headers.get("x-amz-target", POST).rpartition(".")[2]
        fault = self._schedule.draw(operation, self._function)
        worker = self._caller(handler) if fault.kills else None
        handler.stub.released.wait(fault.delay_seconds)
        sent, besides = fault.halves(request) if fault.halves else (request, {})
        answer = self._ask(handler, sent) if fault.reaches else None
        self._journal.write(
            Exchange(
                started=started,
                ended=self._journal.next_number(),
                connection=handler.client_address[1],
                operation=operation,
                request=sent,
                key=handler.received.headers.get("idempotency-key", ""),
                fault=fault,
                status=answer.status if answer else None,
                is_unheard=has_hung_up(handler.connection),
            )
        )
        if fault.silent:
            handler.close_connection = True
        else:
            given = made_up(fault, request) or with_fields(answer, besides)
            reply(given.status, given.body)(handler)
        if worker:
            self._workers.kill(worker)

    def _caller(self, handler: Handler) -> int | None:
        """Whose connection it is; asked while that process waits for an answer."""
        return self._workers.owner_of(
            handler.client_address[1], handler.connection.getsockname()[1]
        )

    def _ask(self, handler: Handler, request: Json) -> Answer:
        body = json.dumps(request).encode()
        return Answer(*forward(self._upstream, handler.received, body))


def has_hung_up(connection: socket.socket) -> bool:
    """Whether the caller has closed its end already: it would wait no longer, or it died."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except ConnectionError:
        return True


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
    upstream: str, function: str, schedule: FaultSchedule, journal: Journal, workers: Workers
) -> Iterator[str]:
    """Serve on 127.0.0.1 at a free port until the end of the block; gives the service's address
    as it is called through the proxy."""
    with serving(Proxy(upstream, function, schedule, journal, workers)) as server:
        yield server.url + urlsplit(upstream).path
