"""A proxy to the emulator that refuses what a role may not do, as IAM would in an account.

A call's service stands in its signature, its operation in a header, in the body, or in method and
path. What it is about is written with the account and region of the policies' own tests.
"""

import contextlib
import http.client
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

from tests.support.http_server import FORWARD_SECONDS, HOP_HEADERS, Handler, Request, reply, serving
from tests.support.iam import Call, is_allowed
from tests.template.stack import ACCOUNT, REGION

Json = dict[str, Any]
Answer = tuple[int, bytes, dict[str, str]]

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
_IAM_NAMES = {"monitoring": "cloudwatch"}
_OBJECTS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
# They need no right at all.
_FREE = ("sts",)
# These know no resource, or not the one that they are about.
_NAMELESS = (
    "cloudwatch:GetMetricStatistics",
    "events:ListRuleNamesByTarget",
    "lambda:GetAccountSettings",
    "lambda:ListEventSourceMappings",
    "logs:DescribeLogGroups",
)


def call_of(request: Request, functions: Json) -> Call | None:
    """The action and the resource of a call; None where no right is needed.

    `functions` are the functions of event source mappings, by the mappings' ids.
    """
    signed = _SERVICE.search(request.headers.get("authorization", ""))
    service = signed[1] if signed else ""
    if service in _FREE:
        return None
    operation, given = _operation(service, request)
    action = f"{_IAM_NAMES.get(service, service)}:{operation}"
    if action in _NAMELESS:
        return Call(action, "*")
    return Call(action, _resource(service, operation, given), _context(given, functions))


def _operation(service: str, request: Request) -> tuple[str, Json]:
    """The operation, and what it is given."""
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2], request.json
    if service == "lambda":
        return _lambda_operation(request)
    if service == "s3":
        bucket, _, key = urlsplit(request.path).path[1:].partition("/")
        operation = _OBJECTS[request.method] if key else "CreateBucket"
        return operation, {"Object": f"{bucket}/{key}" if key else bucket}
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    return form["Action"], form


def _lambda_operation(request: Request) -> tuple[str, Json]:
    path = urlsplit(request.path).path
    for method, pattern, name in _lambda_paths():
        found = pattern.fullmatch(path) if method == request.method else None
        if found:
            body = json.loads(request.body or b"{}")
            return name, body | {key: unquote(value) for key, value in found.groupdict().items()}
    raise ValueError(f"no operation of Lambda: {request.method} {path}")


@cache
def _lambda_paths() -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of each operation, the longest path first."""
    model = botocore.session.Session().get_service_model("lambda")
    paths = []
    for name in model.operation_names:
        http_ = model.operation_model(name).http
        path = http_["requestUri"].partition("?")[0]
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        paths.append((http_["method"], re.compile(pattern), name))
    return sorted(paths, key=lambda each: -len(each[1].pattern))


def _resource(service: str, operation: str, given: Json) -> str:
    """The ARN of what a call is about."""
    here = f"arn:aws:{service}:{REGION}:{ACCOUNT}:"
    if service == "s3":
        bucket, slash, key = given["Object"].partition("/")
        stem = bucket.rsplit("-", 4)[0]  # unc-consumer-code-ACCOUNT-eu-west-1
        return f"arn:aws:s3:::{stem}-{ACCOUNT}-{REGION}{slash}{key}"
    if service == "cloudformation":
        return _stack_or_change_set(here, given)
    if service == "lambda":
        if "FunctionName" in given and not operation.endswith("EventSourceMapping"):
            return f"{here}function:{given['FunctionName']}"
        return f"{here}event-source-mapping:{given.get('UUID', '*')}"
    return here + _NAMES[service](given)


_NAMES: dict[str, Callable[[Json], str]] = {
    "dynamodb": lambda given: (
        f"table/{given['TableName']}"
        + (f"/index/{given['IndexName']}" if "IndexName" in given else "")
    ),
    "events": lambda given: f"rule/{given['Rule']}",
    "kms": lambda given: f"key/{given['KeyId'].rpartition('/')[2]}",
    "secretsmanager": lambda given: f"secret:{given['SecretId']}-abcdef",
    "sqs": lambda given: given.get("QueueName") or given["QueueUrl"].rpartition("/")[2],
}


def _stack_or_change_set(here: str, given: Json) -> str:
    """A stack by its name, a change set by its ARN; a template in the request is no resource."""
    if "StackName" in given:
        return f"{here}stack/{given['StackName'].rpartition('stack/')[2].partition('/')[0]}/1"
    change_set = given.get("ChangeSetName", "").rpartition("changeSet/")[2]
    return f"{here}changeSet/{change_set}" if change_set else "*"


def _context(given: Json, functions: Json) -> Json:
    """What conditions ask for: whose event source mapping it is."""
    name = given.get("FunctionName") or functions.get(given.get("UUID"))
    name = str(name).rpartition(":")[2]
    return {"lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}


@dataclass
class Guard:
    """Forwards what the statements allow; keeps what was allowed and what was refused."""

    upstream: str
    statements: Sequence[Json]
    url: str = ""
    allowed: set[Call] = field(default_factory=set)
    refused: set[Call] = field(default_factory=set)
    functions: Json = field(default_factory=dict)

    def __call__(self, handler: Handler) -> None:
        call = call_of(handler.received, self.functions)
        if call and not is_allowed(call, self.statements):
            self.refused.add(call)
            reply(*_refusal(handler.received))(handler)
            return
        if call:
            self.allowed.add(call)
        status, body, headers = _forward(self.upstream, handler.received)
        self._note_mappings(body)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if handler.command != "HEAD":
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _note_mappings(self, body: bytes) -> None:
        """Keep whose each event source mapping is; an account knows it without being asked."""
        if b"EventSourceMappings" in body:
            for each in json.loads(body)["EventSourceMappings"]:
                self.functions[each["UUID"]] = each["FunctionArn"]


def _refusal(request: Request) -> tuple[int, bytes]:
    """An answer that each protocol's parser understands."""
    if "x-amz-target" in request.headers or request.path.startswith("/20"):
        return 403, b'{"__type": "AccessDeniedException", "Message": "not allowed"}'
    error = b"<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>"
    is_s3 = b"Action=" not in request.body
    return 403, error if is_s3 else b"<ErrorResponse>" + error + b"</ErrorResponse>"


def _forward(upstream: str, request: Request) -> Answer:
    """Send a call on, and give back what was answered."""
    headers = {name: value for name, value in request.headers.items() if name not in HOP_HEADERS}
    connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=FORWARD_SECONDS)
    with contextlib.closing(connection):
        connection.request(request.method, request.path, request.body, headers)
        answer = connection.getresponse()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in HOP_HEADERS or request.method == "HEAD"
        }
        return answer.status, answer.read(), kept


@contextlib.contextmanager
def guarding(upstream: str, statements: Sequence[Json]) -> Iterator[Guard]:
    """Listen on a free port until the end of the block."""
    guard = Guard(upstream, statements)
    with serving(guard) as server:
        guard.url = server.url
        yield guard
