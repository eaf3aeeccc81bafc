"""A running console, and a client that sends exactly what a test says."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import boto3
from starlette.routing import Route

from tests.support.memory_account import RESOURCES
from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.console.app import build_app
from unc.console.guard import FORM_TOKEN, Keys
from unc.console.page import Console
from unc.console.server import bind, build_server

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Client:
    """Speaks to one console. `headers` go with every request; None takes one of ours away."""

    keys: Keys
    headers: dict[str, str | None] = field(default_factory=dict)

    def get(self, path: str, **headers: str | None) -> Answer:
        """GET a path; header names with `_` for `-`."""
        return self.request("GET", path, b"", headers)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str | None) -> Answer:
        """POST a form as a page of ours would send it."""
        fields = {FORM_TOKEN: self.keys.form_token} | (form or {})
        return self.request("POST", path, urlencode(fields).encode(), headers)

    def request(
        self, method: str, path: str, body: bytes, headers: dict[str, str | None]
    ) -> Answer:
        """Send what is given, and nothing that is not."""
        ours: dict[str, str | None] = {
            "host": f"127.0.0.1:{self.keys.port}",
            "cookie": f"{self.keys.cookie_name}={self.keys.cookie}",
        }
        if method == "POST":
            ours |= {
                "origin": self.keys.origin,
                "content-type": "application/x-www-form-urlencoded",
                "content-length": str(len(body)),
            }
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.keys.port, _TIMEOUT_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in (ours | self.headers | given).items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    def follow(self, answer: Answer) -> Answer:
        """GET where an answer leads to."""
        assert answer.status == 303, answer.text
        return self.get(answer.headers["location"])


@contextmanager
def running_console(aws: Aws, resources: Resources) -> Iterator[Client]:
    """Serve the pages of a stack on a free port until the end of the block."""
    listener = bind(0)
    console = Console(aws, resources, Keys(listener.getsockname()[1]))
    server = build_server(console)
    listener.listen()
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield Client(console.keys)
    finally:
        server.should_exit = True
        thread.join(30)


def routes_of(method: str) -> list[str]:
    """Return the paths of a console on the laptop that take a method."""
    app = build_app(Console(Aws(boto3.Session(), "http://127.0.0.1:1"), RESOURCES, Keys(1)))
    routes = [route for route in app.routes if isinstance(route, Route)]
    return [route.path for route in routes if method in (route.methods or ())]


def hidden_field(page: str, name: str) -> str:
    """Return the value of a hidden field, as a browser reads it; ids need no unescaping."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]
