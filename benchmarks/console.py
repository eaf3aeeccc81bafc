"""The console's pages over a table with many chats, beside `unc status` in the same run.

    PYTHONPATH=src python -m benchmarks.console [CHATS]

It runs on the emulator with the functions paused. The first page is that of a console that has
just started. Prints JSON; times in milliseconds. The emulator looks through a whole table for each
query of an index, which DynamoDB does not: what grows with the number of chats is the emulator's.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.console.process import UNC, ConsoleProcess
from tests.e2e.world import World
from unc.local.stack import RunningStack, Settings, running_stack

CHATS = 100_000
CHATS_PER_PERSON = 20
ROUNDS = 5
GOAL_MILLISECONDS = 1_000.0
_ITEMS_PER_CALL = 25
_WRITERS = 8


def main(chats: int = CHATS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Fill the table, time the pages, and return what they took."""
    with running_stack(Settings(parameters={"Paused": "true"})) as stack:
        session_id = fill(stack, chats)
        status = _median(lambda: _run_status(stack), rounds)
        begun = time.perf_counter()
        console = ConsoleProcess(World(stack))
        start = _since(begun)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        first = _time(lambda: browser.open(console.address).read())
        pages = {
            name: _median(lambda path=path: browser.open(console.origin + path).read(), rounds)
            for name, path in _paths(session_id).items()
        }
        console.end()
    return {
        "chats": chats,
        "goal": GOAL_MILLISECONDS,
        "unc status": status,
        "start": start,
        "first page": first,
        "pages": pages,
        "times unc status": {name: round(took / status, 2) for name, took in pages.items()},
    }


def _run_status(stack: RunningStack) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment["AWS_ENDPOINT_URL"] = stack.endpoint
    subprocess.run([UNC, "status", "--json"], env=environment, capture_output=True, check=True)


def _paths(session_id: str) -> dict[str, str]:
    return {
        "now": "/",
        "the last ten minutes": "/activity",
        "people": "/conversations",
        "a conversation": f"/conversations/{session_id}",
        "dead letters": "/dead-letters",
    }


def _median(work: Callable[[], object], rounds: int) -> float:
    return statistics.median(_time(work) for _ in range(rounds))


def _time(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return _since(begun)


def _since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 1)


def fill(stack: RunningStack, chats: int) -> str:
    """Write so many chats, a second apart until now; gives the session of the newest."""
    batches = list(_batches(chats))

    def write(batch: list[dict[str, Any]]) -> None:
        left: Any = {stack.resources.chat_table: [{"PutRequest": {"Item": i}} for i in batch]}
        while left:
            left = stack.aws.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(write, batches))
    return str(batches[-1][-1]["session_id"]["S"])


def _batches(chats: int) -> Iterator[list[dict[str, Any]]]:
    people = max(1, chats // CHATS_PER_PERSON)
    sessions = [str(uuid.uuid4()) for _ in range(people)]
    begin = int(time.time()) - chats
    for start in range(0, chats, _ITEMS_PER_CALL):
        numbers = range(start, min(start + _ITEMS_PER_CALL, chats))
        yield [_chat(n, n % people, sessions[n % people], begin + n) for n in numbers]


def _chat(number: int, person: int, session_id: str, at: int) -> dict[str, Any]:
    is_reply = (number // CHATS_PER_PERSON) % 2 == 1
    id = str(uuid.uuid4()) if is_reply else f"SM{number:032x}"
    return {
        "sender_id": {"S": f"49155{person:08d}"},
        "message_id": {"S": id},
        "session_id": {"S": session_id},
        "chat_type": {"S": "outbound" if is_reply else "inbound"},
        "created_at": {"N": str(at)},
        "stored_at": {"N": str(at)},
        "content": {"M": {"text": {"S": f"message {number}"}}},
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else CHATS), indent=1))
