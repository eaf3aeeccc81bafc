"""Opens connections: a name becomes addresses, one of them a socket, and that speaks TLS."""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit

_loading = Lock()


class Origin(NamedTuple):
    """Where a connection goes."""

    host: str
    port: int
    is_secure: bool


Dial = Callable[[Origin, float], socket.socket]


@lru_cache(maxsize=16)
def origin_of(url: str) -> Origin:
    """Where a connection for the url goes; raises ValueError when it is none."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    is_secure = parts.scheme == "https"
    return Origin(parts.hostname, parts.port or (443 if is_secure else 80), is_secure)


def dial(origin: Origin, seconds: float) -> socket.socket:
    """Connect; raises OSError, and ValueError for a host that can be no name."""
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    connection = connect([(str(address[0]), origin.port) for *_, address in found], seconds)
    connection.settimeout(seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _secured(connection, origin.host) if origin.is_secure else connection


def connect(addresses: Sequence[tuple[str, int]], seconds: float) -> socket.socket:
    """Connect to the first that answers; none but the last may use up the time. Raises OSError."""
    deadline = time.monotonic() + seconds
    failure = OSError("no address")
    for place, address in enumerate(addresses, 1):
        left = max(deadline - time.monotonic(), 0.0)
        try:
            return socket.create_connection(address, left if place == len(addresses) else left / 2)
        except OSError as error:
            failure = error
    raise failure


def _secured(connection: socket.socket, host: str) -> socket.socket:
    with _loading:  # once, however many connections are opened at a time
        tls = _tls()
    return tls.wrap_socket(connection, server_hostname=host)


@cache
def _tls() -> ssl.SSLContext:
    """Certificates and host names are checked; loading the authorities takes a while."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
