"""Chats of some minutes that no accepted POST has covered, once the stream has dropped them.

This is a help and no proof. It looks at chats whose place lies in those minutes, or shortly
before. One that waited longer in the queue, or came back from a dead-letter queue, has an older
place.
"""

from __future__ import annotations

from consumer.notification.notification import Notification, newest_per_sender
from unc.answering.uncovered import keep_uncovered
from unc.aws.tables import Item, Tables, to_notification
from unc.dlq.stream_position import StreamPosition

_LONGEST_WAIT_SECONDS = 900
# What Lambda says about arrival is approximate, and in whole seconds.
_ARRIVAL_SLACK_SECONDS = 60


def find_unnotified(tables: Tables, position: StreamPosition) -> list[Notification]:
    """Return each sender's newest such chat; none when the position names no time."""
    if position.since is None or position.until is None:
        return []
    first, last = position.since - _ARRIVAL_SLACK_SECONDS, position.until + _ARRIVAL_SLACK_SECONDS
    placed = map(to_notification, _read_placed(tables, first - _LONGEST_WAIT_SECONDS, last))
    newest = newest_per_sender(each for each in placed if first <= each.stored_at <= last)
    return keep_uncovered(tables, newest.values())


def _read_placed(tables: Tables, first: float, last: float) -> list[Item]:
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
