"""Conversations from before: 40 sessions, 500 chats, as the legacy consumer wrote them."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from unc.aws.session import Aws

SESSIONS, CHATS = 40, 500
ITEMS_AT_ONCE = 25


def senders() -> list[str]:
    return [f"4915555559{number:03d}" for number in range(SESSIONS)]


def write_history(aws: Aws) -> None:
    """Every second message is a reply; the last were written seconds ago."""
    start = int(time.time()) - 2 * CHATS
    known = senders()
    _put(aws, "sessions", (_session(sender, start) for sender in known))
    chats = (_chat(known[n % SESSIONS], n, start + 2 * n) for n in range(CHATS))
    _put(aws, "chats", chats)


def read_all(aws: Aws, table: str) -> list[dict[str, Any]]:
    """Every item of a table, by its key."""
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def is_old(chat: dict[str, Any]) -> bool:
    """Whether it was written here; the reply service may have answered some of them by now."""
    return bool(chat["content"]["M"]["text"]["S"].startswith("old "))


def _session(sender: str, created_at: int) -> dict[str, Any]:
    return {
        "session_id": {"S": f"session-{sender}"},
        "sender_id": {"S": sender},
        "status": {"S": "active"},
        "created_at": {"N": str(created_at)},
    }


def _chat(sender: str, number: int, created_at: int) -> dict[str, Any]:
    inbound = number // SESSIONS % 2 == 0
    return {
        "sender_id": {"S": sender},
        "message_id": {"S": f"SM{number:032x}"},
        "session_id": {"S": f"session-{sender}"},
        "chat_type": {"S": "inbound" if inbound else "outbound"},
        "created_at": {"N": f"{created_at}.25" if inbound else str(created_at)},
        "content": {"M": {"text": {"S": f"old {number}"}}},
    }


def _put(aws: Aws, table: str, items: Iterable[dict[str, Any]]) -> None:
    wanted = [{"PutRequest": {"Item": item}} for item in items]
    for start in range(0, len(wanted), ITEMS_AT_ONCE):
        part: Sequence[Any] = wanted[start : start + ITEMS_AT_ONCE]
        aws.dynamodb.batch_write_item(RequestItems={table: part})
