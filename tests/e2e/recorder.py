"""A proxy to the emulator that notes which actions are called, on which resources."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Handler, forward, reply, serving
from tests.support.service_model import faults_of_call

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


@dataclass
class Recorder:
    """Forwards each call and keeps the permissions that it needed.

    `faults`: what AWS's own models would not take of a request, or not answer.
    """

    upstream: str
    url: str = ""
    seen: set[Grant] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)

    def __call__(self, handler: Handler) -> None:
        request = handler.received
        target = request.headers["x-amz-target"]
        self.seen |= grants_of(target, request.json)
        status, body = forward(self.upstream, request)
        answer = json.loads(body) if status == 200 else None
        self.faults |= {*faults_of_call(target, request.json, answer)}
        reply(status, body)(handler)


@contextlib.contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    """Listen on a free port until the end of the block."""
    recorder = Recorder(upstream)
    with serving(recorder) as server:
        recorder.url = server.url
        yield recorder
