"""Positions in the chats stream: what a letter of the stream failures points at.

Lambda notes shard and sequence numbers only. The stream keeps the records for 24 hours:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from unc.aws.tables import Item, to_item
from unc.dlq.dead_letter import as_object, read_object
from unc.messages.tracker import stored_at

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")
SEQUENCE_DIGITS = range(21, 41)
# A page may be empty although more follows; a range within one batch is never this long.
PAGES_PER_RANGE = 1_000


@dataclass(frozen=True)
class StreamPosition:
    """The batch that Lambda gave up on, by its first and last sequence number.

    `since` and `until` in epoch seconds, None where it does not say.
    """

    stream: str
    shard: str
    first: str
    last: str
    size: int
    since: float | None
    until: float | None


class Forgotten(Exception):
    """The stream has the records no more."""


def read_position(body: str) -> StreamPosition | None:
    """Read an invocation record; None when it names no position."""
    info = as_object(read_object(body).get("DDBStreamBatchInfo"))
    first, last = (str(info.get(f"{end}SequenceNumber", "")) for end in ("start", "end"))
    if not (is_number(first) and is_number(last) and info.get("streamArn") and info.get("shardId")):
        return None
    return StreamPosition(
        stream=str(info["streamArn"]),
        shard=str(info["shardId"]),
        first=first,
        last=last,
        size=int(info.get("batchSize") or 0),
        since=read_moment(info.get("approximateArrivalOfFirstRecord")),
        until=read_moment(info.get("approximateArrivalOfLastRecord")),
    )


def is_number(text: str) -> bool:
    """Say whether this can be a sequence number; the service refuses any other length."""
    return text.isascii() and text.isdigit() and len(text) in SEQUENCE_DIGITS


def read_moment(text: object) -> float | None:
    """Read an ISO moment, or nothing."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def read_inserted(client: DynamoDBStreamsClient, position: StreamPosition) -> list[Item]:
    """Read the inbound chats that were new in the batch; raises Forgotten when they are gone."""
    return [
        to_item(as_object(record["dynamodb"].get("NewImage")))
        for record in read_records(client, position)
        if is_inbound(record)
    ]


def read_records(client: DynamoDBStreamsClient, position: StreamPosition) -> Iterator[Any]:
    """Yield the records from the first to the last of the batch; raises Forgotten."""
    iterator: str | None = find_iterator(client, position)
    for _ in range(PAGES_PER_RANGE):
        if not iterator:
            return
        page = client.get_records(ShardIterator=iterator)
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= int(position.last):
                yield record
            if number >= int(position.last):
                return
        iterator = page.get("NextShardIterator")


def find_iterator(client: DynamoDBStreamsClient, position: StreamPosition) -> str:
    """Find the place in the shard; raises Forgotten when the stream does not reach back to it."""
    try:
        return client.get_shard_iterator(
            StreamArn=position.stream,
            ShardId=position.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=position.first,
        )["ShardIterator"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in FORGOTTEN:
            raise Forgotten from error
        raise


def is_inbound(record: Mapping[str, Any]) -> bool:
    """Tell a new inbound chat from everything else that happens to the table."""
    image = as_object(as_object(record.get("dynamodb")).get("NewImage"))
    return record.get("eventName") == "INSERT" and image.get("chat_type") == {"S": "inbound"}


def newest_per_sender(chats: Iterable[Item]) -> list[Item]:
    """Keep of each sender what was stored last, as the notifier does: that covers the rest."""
    newest: dict[str, Item] = {}
    for chat in chats:
        held = newest.get(chat["sender_id"])
        if held is None or moment(chat) > moment(held):
            newest[chat["sender_id"]] = chat
    return list(newest.values())


def moment(chat: Item) -> tuple[Decimal, Decimal]:
    """When it was stored, then its place."""
    return stored_at(chat), chat["created_at"]
