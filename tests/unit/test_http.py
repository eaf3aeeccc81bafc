"""POST requests over real sockets: whether one may have arrived, and which connection it used."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult

import pytest

from consumer.aws.connection import (
    MAX_IDLE_SECONDS,
    NoAnswer,
    NotSent,
    Response,
    connect,
    dial,
)
from consumer.aws.http import HttpPool
from tests.support.http_server import (
    Handler,
    Stub,
    drip,
    hang_up,
    nobody,
    reply,
    serving,
    stay_silent,
)

LONG_SECONDS = 30.0
SHORT_SECONDS = 0.05
UVICORN_IDLE_SECONDS = 5  # its timeout_keep_alive, https://www.uvicorn.org/settings/#timeouts


@dataclass
class Clock:
    """A wall clock that only the test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def post(url: str, pool: HttpPool | None = None, header: str = "2") -> Response:
    pool = pool or HttpPool(1)
    return pool.start(url, {"x-cups": header}, b"x", LONG_SECONDS, LONG_SECONDS)()


def connections_of(stub: Stub) -> int:
    return len({request.client for request in stub.requests})


@pytest.fixture
def listener() -> Iterator[str]:
    """The address of a server that accepts connections and never sends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_an_answer_has_its_status_headers_and_body() -> None:
    with serving(reply(418, b"tea", **{"X-Kind": "Earl Grey"})) as stub:
        answer = post(f"{stub.url}/pot?lid=on")
    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "Earl Grey", b"tea")
    [request] = stub.requests
    assert (request.path, request.body) == ("/pot?lid=on", b"x")
    assert request.headers["x-cups"] == "2"
    assert request.headers["host"] == stub.url.removeprefix("http://")


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    with serving(hang_up(b"HTTP/1.0 200 OK\r\n\r\nend")) as stub:
        assert post(stub.url).body == b"end"


def test_many_posts_are_under_way_at_once() -> None:
    with serving(reply()) as stub:
        pool = HttpPool(5)
        started = [pool.start(stub.url, {}, b"%d" % n, 30, 30) for n in range(20)]
        assert [finish().status for finish in reversed(started)] == [200] * 20
    assert {request.body for request in stub.requests} == {b"%d" % n for n in range(20)}


def test_a_refused_connection_sent_nothing() -> None:
    with nobody() as url, pytest.raises(NotSent):
        post(url)


@pytest.mark.parametrize(
    "end", [hang_up(), hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")]
)
def test_a_connection_broken_after_sending_is_no_answer(end: object) -> None:
    with serving(end) as stub, pytest.raises(NoAnswer):  # type: ignore[arg-type]
        post(stub.url)


def test_silence_is_no_answer() -> None:
    with serving(stay_silent) as stub, pytest.raises(NoAnswer):
        HttpPool(1).start(stub.url, {}, b"x", LONG_SECONDS, SHORT_SECONDS)()


def test_an_answer_that_drips_is_no_answer_once_its_time_is_over() -> None:
    """Each byte comes soon after the one before it; all together they come too late."""
    with serving(drip) as stub, pytest.raises(NoAnswer):
        HttpPool(1).start(stub.url, {}, b"x", LONG_SECONDS, 4 * SHORT_SECONDS)()


def test_a_handshake_that_fails_sent_nothing() -> None:
    with serving(reply()) as stub, pytest.raises(NotSent):
        post(stub.url.replace("http:", "https:"))
    assert stub.requests == []


def test_a_handshake_that_stays_unanswered_sent_nothing(listener: str) -> None:
    with pytest.raises(NotSent):
        HttpPool(1).start(f"https://{listener}/", {}, b"x", SHORT_SECONDS, LONG_SECONDS)()


def test_a_request_is_not_sent_when_its_connection_opens_after_the_caller_stopped_waiting() -> None:
    """The caller may send it again; a late POST would be a second one."""
    opened, released = threading.Event(), threading.Event()

    def slow(url: SplitResult, seconds: float) -> socket.socket:
        connection = dial(url, LONG_SECONDS)
        released.wait(LONG_SECONDS)
        opened.set()
        return connection

    with serving(reply()) as stub:
        finish = HttpPool(1, dial=slow).start(stub.url, {}, b"x", SHORT_SECONDS, LONG_SECONDS)
        with pytest.raises(NotSent):
            finish()
        released.set()
        assert opened.wait(LONG_SECONDS)
        assert stub.has_closed.wait(LONG_SECONDS)
        assert stub.requests == []


def test_a_connection_that_opens_too_late_is_not_sent_on_while_another_is_waited_for() -> None:
    """Its time is over, though the caller has not asked for its response yet."""
    asked, opened = threading.Event(), threading.Event()

    def slow(url: SplitResult, seconds: float) -> socket.socket:
        asked.wait(2 * seconds)
        connection = dial(url, LONG_SECONDS)
        opened.set()
        return connection

    with serving(reply()) as stub:
        finish = HttpPool(1, dial=slow).start(stub.url, {}, b"x", SHORT_SECONDS, LONG_SECONDS)
        assert opened.wait(LONG_SECONDS)
        assert stub.has_closed.wait(LONG_SECONDS)
        with pytest.raises(NotSent):
            finish()
        assert stub.requests == []


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "\ud800", "👋"])
def test_a_header_that_cannot_be_one_is_not_sent(value: str) -> None:
    with serving(reply()) as stub, pytest.raises(NotSent):
        post(stub.url, header=value)
    assert stub.requests == []


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999/", "http://", "nowhere"])
def test_nothing_is_sent_to_an_invalid_url(url: str) -> None:
    with pytest.raises(NotSent):
        post(url)


def test_a_connection_serves_several_posts() -> None:
    with serving(reply()) as stub:
        pool = HttpPool(1)
        for _ in range(3):
            post(stub.url, pool)
        assert connections_of(stub) == 1


def test_no_connection_is_kept_for_as_long_as_the_other_side_keeps_it() -> None:
    assert 0 < MAX_IDLE_SECONDS < UVICORN_IDLE_SECONDS


def test_no_more_connections_are_kept_than_wanted() -> None:
    with serving(reply()) as stub:
        pool = HttpPool(2)
        for _ in range(2):
            for finish in [pool.start(stub.url, {}, b"x", 30, 30) for _ in range(5)]:
                finish()
        assert connections_of(stub) == 5 + 3


def test_a_connection_idle_for_long_is_not_used_again() -> None:
    """After a long pause a POST could break on it with an unknown outcome."""
    with serving(reply()) as stub:
        clock = Clock()
        pool = HttpPool(1, clock)
        post(stub.url, pool)
        clock.now += MAX_IDLE_SECONDS + 1
        post(stub.url, pool)
        assert connections_of(stub) == 2


def test_a_connection_idle_while_others_worked_is_not_used_again() -> None:
    with serving(reply()) as stub:
        clock = Clock()
        pool = HttpPool(2, clock)
        for finish in [pool.start(stub.url, {}, b"x", 30, 30) for _ in range(2)]:
            finish()
        for _ in range(4):
            clock.now += MAX_IDLE_SECONDS / 3
            post(stub.url, pool)
        for finish in [pool.start(stub.url, {}, b"x", 30, 30) for _ in range(2)]:
            finish()
        assert connections_of(stub) == 3


def test_an_answer_that_came_at_an_unknown_time_leaves_its_connection_idle_since_the_post() -> None:
    """Read long after it came: the other side has seen the connection idle all that time."""
    answered = threading.Event()

    def answer(handler: Handler) -> None:
        reply()(handler)
        answered.set()

    with serving(answer) as stub:
        clock = Clock()
        pool = HttpPool(1, clock)
        finish = pool.start(stub.url, {}, b"x", LONG_SECONDS, LONG_SECONDS)
        assert answered.wait(LONG_SECONDS)
        clock.now += MAX_IDLE_SECONDS + 1
        finish()
        post(stub.url, pool)
        assert connections_of(stub) == 2


def test_a_connection_that_soon_closes_is_not_used_again() -> None:
    with serving(reply(Connection="keep-alive", **{"Keep-Alive": "timeout=2"})) as stub:
        pool = HttpPool(1)
        assert [post(stub.url, pool).status for _ in range(2)] == [200, 200]
        assert connections_of(stub) == 2


def test_a_container_that_can_start_no_thread_has_sent_nothing() -> None:
    """A POST on an open connection needs no thread."""
    with serving(reply()) as stub:
        pool = HttpPool(2)
        post(stub.url, pool)
        threading.stack_size(1 << 46)
        try:
            kept, opened = (pool.start(stub.url, {}, b"x", 30, 30) for _ in range(2))
        finally:
            threading.stack_size(0)
        assert kept().status == 200
        with pytest.raises(NotSent):
            opened()


def test_an_address_that_swallows_everything_leaves_time_for_the_next() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(full.getsockname()),
        connect([full.getsockname(), server.getsockname()], 80 * SHORT_SECONDS) as connection,
    ):
        assert connection.getpeername() == server.getsockname()


def test_no_address_is_no_connection() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        connect([], LONG_SECONDS)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HTTP/1.1 503 -\r\nContent-Length: 9\r\n\r\nup", 503),
        (b"HTTP/1.1 100 -\r\n\r\nHTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", 200),
        (b"HTTP/1.1 100 -\r\n\r\n", None),
        (b"HTTP/1.1 503 -\r\nContent-Le", 503),
        (b"HTTP/1.1 503 -\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 503),
        (b"HTTP/1.1 503 ", None),
    ],
)
def test_an_answer_that_breaks_off_after_its_first_line_has_a_status(
    sent: bytes, status: int | None
) -> None:
    with serving(hang_up(sent)) as stub, pytest.raises(NoAnswer) as caught:
        post(stub.url)
    assert caught.value.status == status


def test_a_connection_that_the_other_side_closed_is_not_used_again() -> None:
    def close_unasked(handler: Handler) -> None:
        reply()(handler)
        handler.close_connection = True

    with serving(close_unasked) as stub:
        pool = HttpPool(1)
        post(stub.url, pool)
        assert stub.has_closed.wait(LONG_SECONDS)
        assert post(stub.url, pool).status == 200
        assert connections_of(stub) == 2


def test_a_connection_announced_as_closing_is_not_used_again() -> None:
    with serving(reply(Connection="close")) as stub:
        pool = HttpPool(1)
        assert [post(stub.url, pool).status for _ in range(2)] == [200, 200]
        assert connections_of(stub) == 2
