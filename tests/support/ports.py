"""A port for something that a test starts."""

import contextlib
import random
import socket


def free_port() -> int:
    """One below those that the system gives to connections: none takes it before it is used."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
