"""What a batch costs in calls and units: the limits hold, and the written counts are true."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

import container
from benchmarks.cases import CASES, QUEUE, Before, Case
from benchmarks.counts import Counts
from benchmarks.events import (
    chat_image,
    queue_event,
    sender_id,
    session_id,
    session_row,
    stream_event,
)
from benchmarks.processes import environment
from benchmarks.stub import Connection, World
from dynamo_function import dynamo_handler
from queue_function import queue_handler
from tests.guards.repository import ROOT

COUNTED = json.loads((ROOT / "benchmarks" / "counts.json").read_text())
MANY = 100_000
CALLS_AT_MOST = {"known": 12, "new": 23, "one": 3, "single": 3, "again": 11, "stream": 3}


@dataclass
class Port:
    """Where the stub listens."""

    port: int


@dataclass
class Backend:
    """The stub in a thread, answering at once."""

    world: World

    def seed(self, item: dict[str, Any], table: str = "ours-sessions") -> None:
        self.world.tables.table(table).store(item)

    def counts_of(self, call: Callable[..., object], *arguments: object) -> Counts:
        """Run something; give what it added."""
        before = Counts.read(self.world.counts.as_json())
        call(*arguments)
        return Counts.read(self.world.counts.as_json()).minus(before)


@contextmanager
def _served(world: World) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = loop.create_server(lambda: Connection(world), "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(made, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """Both functions put together anew, on the stub."""
    world = World(aws_seconds=0, reply_seconds=0)
    with _served(world) as port:
        for name, value in environment("ours", Port(port), ROOT / "src").items():
            if name not in ("PATH", "PYTHONPATH"):
                monkeypatch.setenv(name, value)
        container.queue_dependencies.cache_clear()
        container.notifier_dependencies.cache_clear()
        yield Backend(world)
    container.queue_dependencies.cache_clear()
    container.notifier_dependencies.cache_clear()


def handle(case: Case, event: dict[str, Any]) -> object:
    answer = queue_handler(event, None) if case.half == QUEUE else dynamo_handler(event, None)
    assert answer == {"batchItemFailures": []}
    return answer


def count_case(backend: Backend, case: Case) -> Counts:
    """Counts of a batch in a warm container, as the benchmark takes them.

    The fewest of three: responses that a busy machine lets come apart are handled apart.
    """
    for sender in case.seeded():
        backend.seed(session_row(sender))
    handle(case, case.event(0))
    counts = []
    for number in (1, 2, 3):
        event = case.event(number)
        if case.before is Before.SAME:
            handle(case, event)
        counts.append(backend.counts_of(handle, case, event))
    return min(counts, key=lambda each: each.aws_calls)


@pytest.mark.parametrize(("name", "at_most"), CALLS_AT_MOST.items())
def test_a_batch_takes_no_more_calls_than_promised(
    name: str, at_most: int, backend: Backend
) -> None:
    """A call is a round trip, and the larger part of what a small batch costs."""
    assert count_case(backend, CASES[name]).aws_calls <= at_most


@pytest.mark.parametrize(("name", "known_before"), [("known", 12), ("one", 3), ("single", 3)])
def test_a_known_sender_who_is_new_to_the_container_costs_one_read_more(
    name: str, known_before: int, backend: Backend
) -> None:
    case = CASES[name]
    for sender in case.seeded():
        backend.seed(session_row(sender))
    assert backend.counts_of(handle, case, case.event(0)).aws_calls == known_before + 1


def test_the_first_session_that_a_container_opens_costs_one_read_more(backend: Backend) -> None:
    """The session key's; the first container of a stack makes it, for one write more."""
    case = CASES["new"]
    first = backend.counts_of(handle, case, case.event(0)).aws_calls
    warm = backend.counts_of(handle, case, case.event(1)).aws_calls
    container.queue_dependencies.cache_clear()
    cold = backend.counts_of(handle, case, case.event(2)).aws_calls
    assert (first, cold) == (warm + 2, warm + 1)


@pytest.mark.parametrize("name", CASES)
def test_the_written_counts_are_those_of_the_code(name: str, backend: Backend) -> None:
    """`unc cost` and the scaling page go by benchmarks/counts.json."""
    counted = count_case(backend, CASES[name]).as_json()
    written = COUNTED[name]["ours"]
    for part in ("calls", "read_units", "write_units", "posts"):
        assert counted[part] == written[part], "run: make bench"


def test_a_sender_with_many_sessions_costs_what_any_sender_costs(backend: Backend) -> None:
    """Only the newest session is ever asked for."""
    few, many = sender_id(1), sender_id(2)
    for number in range(MANY):
        created_at = {"N": str(1_700_000_000 + number)}
        row = session_row(many) | {"created_at": created_at}
        backend.seed(row | {"session_id": {"S": f"{session_id(many)}-{number}"}})
    backend.seed(session_row(few))
    assert costs_of(backend, few, 1) == costs_of(backend, many, 1001)


def test_a_sender_with_many_chats_costs_what_any_sender_costs(backend: Backend) -> None:
    """Chats are read by key, never by sender."""
    few, many = sender_id(1), sender_id(2)
    for sender in (few, many):
        backend.seed(session_row(sender))
    for number in range(MANY):
        backend.seed(chat_image(many, number), "ours-chats")
    assert costs_of(backend, few, MANY + 1) == costs_of(backend, many, MANY + 1001)


def costs_of(backend: Backend, sender: str, number: int) -> list[dict[str, Any]]:
    """Counts of one message, in either function; connections stay open from call to call."""
    counts = [
        backend.counts_of(queue_handler, queue_event([sender], number), None),
        backend.counts_of(dynamo_handler, stream_event([sender], 1, number), None),
    ]
    return [each.as_json() | {"connections": 0} for each in counts]
