"""Serve the console on this machine until Ctrl-C."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.console.app import build_app
from unc.console.guard import Keys
from unc.console.page import Console
from unc.errors import BadInput

HOST = "127.0.0.1"
DEFAULT_PORT = 4580
# Requests that are under way at the end get so long.
_GRACE_SECONDS = 3


def bind(port: int) -> socket.socket:
    """Take a port of this machine, 0 for a free one; raises BadInput when somebody has it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise BadInput(f"port {port} is taken", "another one? --port 0 takes a free one") from error
    return listener


def serve(
    aws: Aws, resources: Resources, listener: socket.socket, on_ready: Callable[[str], None]
) -> None:
    """Serve until a signal comes; `on_ready` gets the address that lets a browser in."""
    console = Console(aws, resources, Keys(listener.getsockname()[1]))
    _make_clients(aws)
    # The port is bound already: who opens the address now is answered when the server runs.
    listener.listen()
    on_ready(console.keys.first_address)
    build_server(console).run(sockets=[listener])


def _make_clients(aws: Aws) -> None:
    """Make the clients one after the other: boto3 makes none in several threads at once."""
    _ = (aws.sqs, aws.dynamodb, aws.functions, aws.alarms, aws.logs)


def build_server(console: Console) -> uvicorn.Server:
    """Return the server of a console; it logs no request, since a search names a number."""
    settings = uvicorn.Config(
        build_app(console),
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(settings)


def open_browser(address: str) -> None:
    """Open the address, without waiting for the browser; where there is none, nothing happens."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
