"""What the pages ask of AWS: by key and by index, so many calls, never a scan."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.guards.repository import ROOT
from tests.support.console import running_console
from tests.support.console_world import (
    PAGES,
    SESSION,
    lay_down,
    open_session,
    sid_of,
    small_account,
    write_inbound,
)
from tests.support.memory_account import RESOURCES, MemoryAccount

# Calls of a page, at most. Receiving is by tens, and each of the three queues is asked to its end.
MOST_CALLS = {
    "/": {
        "GetQueueAttributes": 5,
        "DescribeTable": 3,
        "GetFunctionConfiguration": 3,
        "ListEventSourceMappings": 4,
        "DescribeAlarms": 1,
        "Query": 1,
    },
    "/activity": {"Query": 2},
    "/conversations": {"Query": 1},
    f"/conversations/{SESSION}": {"Query": 1, "BatchGetItem": 3},
    f"/messages/{sid_of(999)}": {"Query": 1},
    f"/trace/{sid_of(1)}": {
        "Query": 2,
        "BatchGetItem": 2,
        "GetQueueAttributes": 3,
        "ReceiveMessage": 4,
        "ChangeMessageVisibilityBatch": 1,
        "FilterLogEvents": 3,
    },
    "/dead-letters": {
        "GetQueueAttributes": 3,
        "ReceiveMessage": 4,
        "ChangeMessageVisibilityBatch": 1,
    },
    "/dead-letters/messages/dead.fifo-000001": {
        "ReceiveMessage": 1,
        "ChangeMessageVisibilityBatch": 1,
    },
}
# What only counts and reads; a receive is given back.
READS = {operation for calls in MOST_CALLS.values() for operation in calls}


def calls_of(account: MemoryAccount, path: str) -> Counter[str]:
    with running_console(account.aws(), RESOURCES) as client:
        account.calls.clear()
        assert client.get(path).status == 200
        return Counter(account.operations)


def test_the_calls_of_every_page_are_bounded() -> None:
    assert set(MOST_CALLS) == set(PAGES)


@pytest.mark.parametrize("path", MOST_CALLS)
def test_a_page_makes_so_many_calls(path: str) -> None:
    calls = calls_of(small_account(), path)
    assert calls - Counter(MOST_CALLS[path]) == Counter()


@pytest.mark.parametrize("path", ["/conversations", f"/conversations/{SESSION}", "/activity"])
def test_ten_times_as_many_chats_take_no_further_call(path: str) -> None:
    """A page of an index is read, and the rest lies behind a link."""
    few, many = MemoryAccount(), MemoryAccount()
    for account, messages in ((few, 100), (many, 1_000)):
        open_session(account)
        for number in range(messages):
            write_inbound(account, number)
    assert calls_of(many, path) == calls_of(few, path)


def test_the_older_messages_lie_behind_a_link_that_leads_to_them() -> None:
    account = MemoryAccount()
    open_session(account)
    for number in range(250):
        write_inbound(account, number, f"message {number}")
    found: list[str] = []
    with running_console(account.aws(), RESOURCES) as client:
        path = f"/conversations/{SESSION}"
        while path:
            assert client.get(path).status == 200
            page = client.get(path.replace(SESSION, f"{SESSION}.json")).json
            texts = [chat["text"] for part in page["parts"] for chat in part["chats"]]
            found = texts + found
            path = page["older"]
    assert found == [f"message {number}" for number in range(250)]


def test_no_page_ever_scans_or_writes() -> None:
    assert not READS & {"Scan", "PutItem", "UpdateItem", "DeleteItem", "SendMessageBatch"}
    account = small_account()
    lay_down(account, 50)
    with running_console(account.aws(), RESOURCES) as client:
        for path in MOST_CALLS:
            client.get(path)
    assert set(account.operations) <= READS
    assert all(
        "IndexName" in request
        for name, request in account.calls
        if name == "Query" and not request.get("ConsistentRead")
    )


def test_the_page_of_the_console_names_the_right_for_each_call() -> None:
    page = (ROOT / "docs" / "howto" / "console.md").read_text()
    named = set(re.findall(r"`[a-z]+:([A-Za-z]+)`", page))
    # SQS has no right of its own for a batch.
    wanted = {name.removesuffix("Batch") for name in READS if name.startswith("ChangeMessage")}
    wanted |= {name for name in READS if not name.startswith("ChangeMessage")}
    assert wanted <= named
