"""Positions in the chats stream: what a dead letter of the stream failures points at.

Lambda notes shard and sequence numbers only. The stream keeps the records for 24 hours:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from consumer.notification.notification import Notification
from consumer.notification.stream_record import read_stream_record
from consumer.text import as_mapping
from unc.dlq.dead_letter import read_object

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

_FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")
_SEQUENCE_DIGITS = range(21, 41)
# A page may be empty although more follows; a range within one batch is never this long.
_PAGES_PER_RANGE = 1_000


@dataclass(frozen=True)
class StreamPosition:
    """The batch that Lambda stopped retrying, by its first and last sequence number.

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
    info = as_mapping(read_object(body).get("DDBStreamBatchInfo"))
    first, last = (str(info.get(f"{end}SequenceNumber", "")) for end in ("start", "end"))
    if not (
        _is_number(first) and _is_number(last) and info.get("streamArn") and info.get("shardId")
    ):
        return None
    return StreamPosition(
        stream=str(info["streamArn"]),
        shard=str(info["shardId"]),
        first=first,
        last=last,
        size=int(info.get("batchSize") or 0),
        since=_read_moment(info.get("approximateArrivalOfFirstRecord")),
        until=_read_moment(info.get("approximateArrivalOfLastRecord")),
    )


def _is_number(text: str) -> bool:
    """Say whether this can be a sequence number; the service refuses any other length."""
    return text.isascii() and text.isdigit() and len(text) in _SEQUENCE_DIGITS


def _read_moment(text: object) -> float | None:
    """Read an ISO moment, or nothing."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def read_notifications(
    client: DynamoDBStreamsClient, position: StreamPosition
) -> list[Notification]:
    """Read the notifications of the batch; raises Forgotten when its records are gone."""
    read = (read_stream_record(record) for record in _read_records(client, position))
    return [each for each in read if isinstance(each, Notification)]


def _read_records(client: DynamoDBStreamsClient, position: StreamPosition) -> Iterator[Any]:
    """Yield the records from the first to the last of the batch; raises Forgotten."""
    iterator: str | None = _find_iterator(client, position)
    for _ in range(_PAGES_PER_RANGE):
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


def _find_iterator(client: DynamoDBStreamsClient, position: StreamPosition) -> str:
    """Find the place in the shard; raises Forgotten when the stream does not reach back to it."""
    try:
        return client.get_shard_iterator(
            StreamArn=position.stream,
            ShardId=position.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=position.first,
        )["ShardIterator"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _FORGOTTEN:
            raise Forgotten from error
        raise
