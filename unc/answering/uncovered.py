"""Stored messages that no turn has covered, and having the reply service hear of them.

A record of the retry queue says when its message was stored, as the stream does. So one that is
covered meanwhile, or queued twice, leads to no second POST.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from consumer.notification.notification import (
    Notification,
    newest_per_sender,
    without_opt_outs,
)
from consumer.notification.retry_record import retry_body
from unc.aws.queues import send_batches
from unc.aws.tables import Tables, to_item, to_notification
from unc.errors import UncError


class NoChatTypeIndex(Exception):
    """The table of chats has no such index (`ChatTypeIndex=false`)."""


def find_uncovered(tables: Tables, sender_id: str) -> Notification | None:
    """Return a sender's newest message that nothing covers; None when all is covered.

    A message that Twilio has answered itself (STOP, HELP) needs no notification.
    """
    chats = tables.read_conversation(sender_id)
    inbound = [to_notification(chat) for chat in chats if chat["chat_type"] == "inbound"]
    uncovered = keep_uncovered(tables, inbound)
    newest = newest_per_sender(without_opt_outs(uncovered)).get(sender_id)
    return None if newest is None or newest.opt_out else newest


def keep_uncovered(tables: Tables, known: Iterable[Notification]) -> list[Notification]:
    """Leave those that the sender's row in `notifications` does not cover."""
    waiting = list(known)
    rows = tables.read_notifications(each.sender_id for each in waiting)
    return [
        each
        for each in waiting
        if rows.get(each.sender_id, {}).get("through", Decimal(-1)) < each.stored_at
    ]


def queue_notifications(tables: Tables, notifications: Sequence[Notification]) -> None:
    """Put them into the reply retry queue; raises UncError when it does not take them all."""
    queue = tables.resources.reply_retry_queue
    entries = [{"MessageBody": retry_body(each)} for each in notifications]
    for sent in send_batches(tables.aws.sqs, queue, entries):
        for reason in sent.refused.values():
            raise UncError(
                f"the reply retry queue did not take a message: {reason}", "run it again"
            )


def find_uncovered_since(tables: Tables, moment: float) -> list[Notification]:
    """Return the newest uncovered message of everybody who wrote since (epoch seconds).

    Found by the index of inbound chats; raises NoChatTypeIndex where the stack has none.
    """
    newest: dict[str, Notification] = {}
    for page in _inbound_pages(tables, moment):
        found = [to_notification(to_item(item)) for item in page]
        senders = {each.sender_id for each in found} & newest.keys()
        found += [newest[sender] for sender in senders]
        newest |= newest_per_sender(without_opt_outs(found))
    waiting = [each for each in newest.values() if not each.opt_out]
    return keep_uncovered(tables, waiting)


def _inbound_pages(tables: Tables, moment: float) -> Iterator[Sequence[Any]]:
    """Yield the inbound chats by their place, without what people wrote."""
    pages = tables.aws.dynamodb.get_paginator("query").paginate(
        TableName=tables.resources.chat_table,
        IndexName="ChatTypeIndex",
        KeyConditionExpression="chat_type = :inbound AND created_at >= :since",
        ProjectionExpression="sender_id, message_id, session_id, created_at, stored_at, #m.#o",
        ExpressionAttributeNames={"#m": "metadata", "#o": "opt_out_type"},
        ExpressionAttributeValues={
            ":inbound": {"S": "inbound"},
            ":since": {"N": str(int(moment))},
        },
    )
    try:
        for page in pages:
            yield page["Items"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationException":
            raise
        raise NoChatTypeIndex from error
