"""A door to the emulator that writes down what comes through: which actions, on which resources."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
UPSTREAM_SECONDS = 30.0
# IAM knows neither transactions nor batches of messages by a name of their own.
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}

Grant = tuple[str, str]
Json = dict[str, Any]


def grants_of(target: str, request: Json) -> set[Grant]:
    """The permissions that a call needs: action, and the resource as the call names it."""
    service, operation = target.partition("_")[0].lower(), target.rpartition(".")[2]
    if operation == "TransactWriteItems":
        parts = [next(iter(each.items())) for each in request["TransactItems"]]
        return {(f"dynamodb:{WRITES[kind]}", part["TableName"]) for kind, part in parts}
    if operation == "BatchGetItem":
        return {(f"dynamodb:{operation}", table) for table in request["RequestItems"]}
    if service == "dynamodb":
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        return {(f"dynamodb:{operation}", request["TableName"] + index)}
    if "QueueUrl" in request:
        action = operation.removesuffix("Batch")
        return {(f"sqs:{action}", request["QueueUrl"].rpartition("/")[2])}
    return {(f"secretsmanager:{operation}", request["SecretId"])}


class Recorder(ThreadingHTTPServer):
    """Forwards each POST and keeps what it needed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str) -> None:
        super().__init__((HOST, 0), RecorderHandler)
        self.upstream = urlsplit(upstream)
        self.seen: set[Grant] = set()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"


class RecorderHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen |= grants_of(self.headers["X-Amz-Target"], json.loads(body))
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.netloc, timeout=UPSTREAM_SECONDS)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@contextlib.contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    """Listen on a free port until the end of the block."""
    server = Recorder(upstream)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
