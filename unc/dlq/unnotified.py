"""Chats of some minutes that no accepted POST has covered, for when the stream has forgotten.

A help, no proof: it looks at chats whose place lies in those minutes, or shortly before. One that
waited longer in the queue, or came back from a dead-letter queue, has an older place.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from unc.aws.tables import Item, Tables
from unc.dlq.stream_position import StreamPosition, newest_per_sender
from unc.messages.tracker import stored_at

LONGEST_WAIT_SECONDS = 900
# What Lambda says about arrival is approximate, and in whole seconds.
ARRIVAL_SLACK_SECONDS = 60


def find_untold(tables: Tables, position: StreamPosition) -> list[Item]:
    """Return the newest such chat of each sender; none when the position names no time."""
    if position.since is None or position.until is None:
        return []
    first, last = position.since - ARRIVAL_SLACK_SECONDS, position.until + ARRIVAL_SLACK_SECONDS
    chats = [
        chat
        for chat in read_placed(tables, first - LONGEST_WAIT_SECONDS, last)
        if first <= stored_at(chat) <= last
    ]
    return drop_told(tables, newest_per_sender(chats))


def read_placed(tables: Tables, first: float, last: float) -> list[Item]:
    """Read inbound chats by their place in time."""
    return tables.query(
        tables.resources.chat_table,
        IndexName="ChatTypeIndex",
        KeyConditionExpression="chat_type = :inbound AND created_at BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":inbound": {"S": "inbound"},
            ":first": {"N": str(int(first))},
            ":last": {"N": str(int(last) + 1)},
        },
    )


def drop_told(tables: Tables, chats: Iterable[Item]) -> list[Item]:
    """Leave those whose sender's row does not reach so far."""
    chats = list(chats)
    rows = tables.read_notifications(chat["sender_id"] for chat in chats)
    return [
        chat
        for chat in chats
        if rows.get(chat["sender_id"], {}).get("through", Decimal(-1)) < stored_at(chat)
    ]
