"""What can go wrong with one call on its way."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

Json = dict[str, Any]

DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
SQS = "com.amazonaws.sqs#"


@dataclass(frozen=True)
class Answer:
    """A status and a body that the proxy makes up."""

    status: int
    body: bytes = b"{}"


@dataclass(frozen=True)
class Fault:
    """What happens to a call.

    `reaches`: the other side gets it. `answer`: what the caller gets in place of the other side's
    answer. `silent`: the caller gets nothing, the connection closes. `kills`: the calling process
    ends by SIGKILL, before a silent end or after an answer. `halves` splits a request into one to
    send on and the fields that its answer then has besides. `lasts`: this many calls in a row.
    """

    name: str
    reaches: bool = True
    answer: Callable[[Json], Answer] | None = None
    silent: bool = False
    kills: bool = False
    halves: Callable[[Json], tuple[Json, Json]] | None = None
    delay_seconds: float = 0.0
    lasts: int = 1


def answered(status: int, body: Json | None = None, *, reaches: bool = False) -> Fault:
    """The caller gets this answer; the other side knows of the call only when it `reaches`."""
    answer = Answer(status, json.dumps(body or {}).encode())
    code = str((body or {}).get("__type", "")).rpartition("#")[2]
    name = f"{status} {code}".strip()
    return Fault(f"applied, then {name}" if reaches else name, reaches, lambda request: answer)


def conflict(request: Json) -> Answer:
    """A transaction that another one was in the way of: one reason for each action."""
    none, busy = {"Code": "None"}, {"Code": "TransactionConflict", "Message": "busy"}
    reasons = [busy, *[none] * (len(request["TransactItems"]) - 1)]
    body = {"__type": f"{DYNAMODB}TransactionCanceledException", "CancellationReasons": reasons}
    return Answer(400, json.dumps(body).encode())


def half_the_keys(request: Json) -> tuple[Json, Json]:
    """Every second key of each table stays unprocessed."""
    tables = request["RequestItems"]
    sent = {name: read | {"Keys": read["Keys"][::2]} for name, read in tables.items()}
    left = {name: read | {"Keys": read["Keys"][1::2]} for name, read in tables.items()}
    unprocessed = {name: read for name, read in left.items() if read["Keys"]}
    return {"RequestItems": sent}, {"UnprocessedKeys": unprocessed}


def half_the_entries(request: Json) -> tuple[Json, Json]:
    """Every second entry of a batch fails."""
    entries = request["Entries"]
    failed = [{"Id": e["Id"], "Code": "InternalError", "SenderFault": False} for e in entries[1::2]]
    return request | {"Entries": entries[::2]}, {"Failed": failed}


NOTHING = Fault("nothing")
SLOW = Fault("slow", delay_seconds=0.1)
DROPPED_BEFORE = Fault("dropped on the way there", reaches=False, silent=True)
DROPPED_AFTER = Fault("dropped on the way back", silent=True)
KILLED_BEFORE = Fault("killed before the call", reaches=False, silent=True, kills=True)
KILLED_DURING = Fault("killed during the call", silent=True, kills=True)
KILLED_AFTER = Fault("killed after the call", kills=True)
SERVER_ERROR = answered(500, {"__type": f"{DYNAMODB}InternalServerError"})
BUSY = answered(400, {"__type": f"{DYNAMODB}TransactionConflictException"})
NO_JSON = Fault("503 without JSON", False, lambda request: Answer(503, b"<html>"))
OVER_LIMIT = answered(400, {"__type": f"{DYNAMODB}ProvisionedThroughputExceededException"})
THROTTLED = answered(400, {"__type": f"{DYNAMODB}ThrottlingException"})
OUTAGE = replace(THROTTLED, name="throttled for a while", lasts=8)
# Longer than the queue function's retry budget. It has half of its 18 s, sends a query for each of
# ten senders at every try, and pauses for a second each time.
LONG_OUTAGE = replace(THROTTLED, name="throttled for long", lasts=240)
APPLIED_500 = answered(500, {"__type": f"{DYNAMODB}InternalServerError"}, reaches=True)
CONFLICT = Fault("conflict", False, conflict)
UNPROCESSED = Fault("keys unprocessed", halves=half_the_keys)
SOME_FAILED = Fault("entries failed", halves=half_the_entries)
QUEUE_THROTTLED = answered(400, {"__type": f"{SQS}RequestThrottled"})

REPLY_FAILED = answered(500)
REPLY_DOWN = answered(503)
REPLY_DOWN_FOR_A_WHILE = replace(REPLY_DOWN, name="503 for a while", lasts=10)
REPLY_BUSY = answered(429)
REPLY_REFUSES_SECRET = answered(401)
REPLY_GATEWAY_TIMEOUT = answered(504)
REPLY_ACCEPTED_504 = answered(504, reaches=True)
