"""How far the legacy consumer notified, and the rows of `notifications` that say so.

The new notifier reads the stream from its start, so that it misses nothing. That start holds a day
of messages that the legacy one has handled; each of their senders gets a row that says so first.

The boundary is a `created_at` of the table itself: no clock of ours decides what is covered.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.aws.tables import Item, to_item
from unc.deploy.code_bucket import bucket_name, ensure_bucket
from unc.errors import BadInput

# A message waits in a queue for 14 days at most, its record in the stream for one.
_LOOK_BACK_SECONDS = 16 * 24 * 3600
_ROW_LIFETIME_SECONDS = 30 * 24 * 3600
_WRITERS = 16
ALL = Decimal("9999999999")
NONE = Decimal(0)


@dataclass(frozen=True)
class Inbound:
    """The newest inbound chat of each sender, as `created_at`, and how many there are."""

    newest: dict[str, Decimal]
    count: int

    def last(self) -> Decimal:
        """Return the newest of all."""
        return max(self.newest.values(), default=NONE)


def read_notified_until(text: str | None) -> Decimal | None:
    """Read what the command line says: all, none, or a moment; raises BadInput."""
    if text is None:
        return None
    if text in ("all", "none"):
        return ALL if text == "all" else NONE
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text} is no moment", "write it as 2026-11-22T10:00:00+00:00") from error
    if moment.tzinfo is None:
        raise BadInput(f"{text} says no time zone", f"write it as {text}+00:00")
    return Decimal(str(moment.timestamp()))


def read_inbound(aws: Aws, table: str, until: Decimal = ALL) -> Inbound:
    """Return what the stream may still hold, up to a boundary."""
    newest: dict[str, Decimal] = {}
    count = 0
    for chat in _recent_inbound(aws, table):
        if chat["created_at"] <= until:
            count += 1
            sender = chat["sender_id"]
            newest[sender] = max(newest.get(sender, NONE), chat["created_at"])
    return Inbound(newest, count)


def _recent_inbound(aws: Aws, table: str) -> Iterator[Item]:
    """Yield sender and place of the inbound chats that the stream may hold."""
    since = int(time.time()) - _LOOK_BACK_SECONDS
    pages = aws.dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="ChatTypeIndex",
        KeyConditionExpression="chat_type = :inbound AND created_at >= :since",
        ProjectionExpression="sender_id, created_at",
        ExpressionAttributeValues={":inbound": {"S": "inbound"}, ":since": {"N": str(since)}},
    )
    for page in pages:
        yield from map(to_item, page["Items"])


def note_as_notified(aws: Aws, table: str, inbound: Inbound) -> None:
    """Write a row for each sender that says: notified up to here."""
    expires_at = int(time.time()) + _ROW_LIFETIME_SECONDS

    def note(sender: str) -> None:
        _note_sender(aws, table, sender, inbound.newest[sender], expires_at)

    with ThreadPoolExecutor(_WRITERS) as pool:
        # Taking the results raises what went wrong.
        list(pool.map(note, inbound.newest))


def _note_sender(aws: Aws, table: str, sender: str, moment: Decimal, expires_at: int) -> None:
    """Write one row; one that is further stays."""
    with contextlib.suppress(aws.dynamodb.exceptions.ConditionalCheckFailedException):
        aws.dynamodb.update_item(
            TableName=table,
            Key={"sender_id": {"S": sender}},
            UpdateExpression="SET through = :moment, expires_at = :expires_at",
            ConditionExpression="attribute_not_exists(through) OR through < :moment",
            ExpressionAttributeValues={
                ":moment": {"N": str(moment)},
                ":expires_at": {"N": str(expires_at)},
            },
        )


def keep_boundary(aws: Aws, stack: str, boundary: Decimal) -> None:
    """Note the boundary where a later run finds it: once the legacy notifier is off, it is lost."""
    body = json.dumps({"notified_until": str(boundary)}).encode()
    aws.s3.put_object(
        Bucket=ensure_bucket(aws),
        Key=_mark_key(stack),
        Body=body,
        ExpectedBucketOwner=aws.account,
    )


def kept_boundary(aws: Aws, stack: str) -> Decimal | None:
    """Return the boundary that an earlier run has noted."""
    try:
        found = aws.s3.get_object(
            Bucket=bucket_name(aws), Key=_mark_key(stack), ExpectedBucketOwner=aws.account
        )
    except ClientError:
        return None
    return Decimal(json.loads(found["Body"].read())["notified_until"])


def forget_boundary(aws: Aws, stack: str) -> None:
    """Remove the note."""
    with contextlib.suppress(ClientError):
        aws.s3.delete_object(
            Bucket=bucket_name(aws), Key=_mark_key(stack), ExpectedBucketOwner=aws.account
        )


def _mark_key(stack: str) -> str:
    """Name the note: one a stack."""
    return f"takeover/{stack}.json"
