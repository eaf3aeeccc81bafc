"""Stored messages that no turn has covered, and having the reply service hear of them.

A record of the retry queue says when its message was stored, as the stream does. So one that is
covered meanwhile, or queued twice, leads to no second POST.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from consumer.notification.notification import (
    Notification,
    newest_per_sender,
    without_opt_outs,
)
from consumer.notification.retry_record import retry_body
from unc.aws.queues import send_batches
from unc.aws.tables import Tables, to_notification
from unc.errors import UncError


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
