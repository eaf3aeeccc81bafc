"""Now: the way of a message with figures, alarms, functions, and the last ten minutes."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from unc.answering.stop import STOPPED, read_answering
from unc.aws.alarms import read_alarms
from unc.aws.queues import Depth
from unc.aws.status import Status, read_status
from unc.console.page import Call, Console, Model, Page

_MINUTES = 10
_MINUTE_SECONDS = 60


def show_now(console: Console, call: Call) -> Page:
    """Show whether messages flow: counts of queues and tables, alarms and functions."""
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(read_status, console.aws, console.resources)
        alarms = pool.submit(read_alarms, console.aws)
        answering = read_answering(console.tables)
        status = reading.result()
        model: Model = {
            "steps": _steps(status),
            "queues": {name: asdict(depth) for name, depth in status.queues.items()},
            "tables": status.tables,
            "functions": [asdict(function) for function in status.functions],
            "answering": answering.as_json() | {"sentence": answering.sentence()},
            "stopped": STOPPED,
            "alarms": [asdict(alarm) for alarm in alarms.result()],
        }
    return Page("now", "Now", model)


def _steps(status: Status) -> list[Model]:
    """Return the way of a message: each figure with the address of what it counts."""
    messages, dead, retries, replies, stream = status.queues.values()
    chats = list(status.tables.values())[1]
    queue = "/#queue-messages"
    return [
        {"name": "Queue", "figures": [*_live(messages, queue), _dead(dead, "messages")]},
        {
            "name": "Conversations",
            "figures": [{"name": "stored", "count": chats, "to": "/conversations", "kind": ""}],
        },
        {
            "name": "Reply service",
            "figures": [
                *_live(retries, "/#queue-reply-retries"),
                {
                    "name": "not due yet",
                    "count": retries.delayed,
                    "to": "/#queue-reply-retries",
                    "kind": "late" if retries.delayed else "",
                },
                _dead(replies, "replies"),
                _dead(stream, "stream"),
            ],
        },
    ]


def _live(depth: Depth, to: str) -> list[Model]:
    return [
        {"name": "waiting", "count": depth.waiting, "to": to, "kind": ""},
        {"name": "under way", "count": depth.in_flight, "to": to, "kind": ""},
    ]


def _dead(depth: Depth, queue: str) -> Model:
    count = depth.waiting + depth.in_flight
    name = "dead" if queue != "stream" else "stream failures"
    to = f"/dead-letters?queue={queue}"
    return {"name": name, "count": count, "to": to, "kind": "dead" if count else ""}


def show_activity(console: Console, call: Call) -> Page:
    """Show the messages of each of the last ten minutes, in both directions."""
    last = int(time.time()) // _MINUTE_SECONDS
    minutes = list(range(last - _MINUTES + 1, last + 1))
    since = minutes[0] * _MINUTE_SECONDS
    inbound, is_whole = _count_minutes(console, "inbound", since)
    outbound, is_other_whole = _count_minutes(console, "outbound", since)
    rows = [
        {
            "at": minute * _MINUTE_SECONDS,
            "inbound": inbound[minute],
            "outbound": outbound[minute],
        }
        for minute in minutes
    ]
    most = max((max(row["inbound"], row["outbound"]) for row in rows), default=0)
    model = {"minutes": rows, "most": most, "is_whole": is_whole and is_other_whole}
    return Page("activity", "The last ten minutes", model)


def _count_minutes(console: Console, chat_type: str, since: int) -> tuple[Counter[int], bool]:
    """Count chats by minute; the newest so many thousand, and whether these were all."""
    moments, is_whole = console.tables.read_moments_since(chat_type, since)
    return Counter(int(moment) // _MINUTE_SECONDS for moment in moments), is_whole
