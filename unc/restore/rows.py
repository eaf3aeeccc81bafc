"""Write the rows of a copy back into its table.

Only rows that are missing or differ are written; what is in the table alone stays. A write has the
condition that the row is as it was read, so nothing newer is overwritten.

An inbound chat that is missing comes back in two writes: first its key alone, then the whole row.
The first is no inbound chat and the second no insert, so the stream's filter lets neither through
and the notifier never hears of an old message.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from unc.aws.session import Aws
from unc.takeover.resource_properties import OWN_EXPIRY

_Row = dict[str, Any]
_SEGMENTS = 16
_KEYS_PER_CALL = 100
# No reader of chats knows this type.
RESTORING = {"S": "restoring"}
_INBOUND = {"S": "inbound"}
_ACTIVE, _COMPLETED = {"S": "active"}, {"S": "completed"}


@dataclass(frozen=True)
class Pair:
    """A table and its copy; `keys` name the key attributes."""

    table: str
    copy: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """What comes back: rows of everybody but `without`, and with `missing_only` no changed rows."""

    missing_only: bool = False
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Counts:
    """Rows that were missing and that differed; `busy` ones changed while they were written."""

    missing: int = 0
    changed: int = 0
    busy: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            self.missing + other.missing, self.changed + other.changed, self.busy + other.busy
        )


def count_rows(aws: Aws, pair: Pair, choice: Choice) -> Counts:
    """Count what `write_rows` would write; writes nothing."""
    return _for_all(aws, pair, choice, writes=False)


def write_rows(aws: Aws, pair: Pair, choice: Choice) -> Counts:
    """Write back what is missing or differs; may be repeated."""
    return _for_all(aws, pair, choice, writes=True)


def _for_all(aws: Aws, pair: Pair, choice: Choice, writes: bool) -> Counts:
    """Go through the copy in segments, side by side."""

    def go(segment: int) -> Counts:
        return _for_segment(aws, pair, choice, segment, writes)

    with ThreadPoolExecutor(_SEGMENTS) as pool:
        return sum(pool.map(go, range(_SEGMENTS)), Counts())


def _for_segment(aws: Aws, pair: Pair, choice: Choice, segment: int, writes: bool) -> Counts:
    """Compare each row of a segment with the table's, and write it if it shall be."""
    total = Counts()
    for rows in _wanted_rows(aws, pair, choice, segment):
        live = _read_live(aws, pair, rows)
        for row in rows:
            found = live.get(_key_of(pair, row))
            counts = _compare(aws, pair, choice, row, found)
            total += counts
            if writes and counts != Counts() and not _write(aws, pair, row, found):
                total += Counts(busy=1)
    return total


def _wanted_rows(aws: Aws, pair: Pair, choice: Choice, segment: int) -> Iterator[list[_Row]]:
    """Yield the rows of a segment, so many as one read takes; none that has expired."""
    pages = aws.dynamodb.get_paginator("scan").paginate(
        TableName=pair.copy, Segment=segment, TotalSegments=_SEGMENTS
    )
    for page in pages:
        rows: list[_Row] = [dict(row) for row in page["Items"]]
        wanted = [row for row in rows if _is_wanted(row, choice)]
        for start in range(0, len(wanted), _KEYS_PER_CALL):
            yield wanted[start : start + _KEYS_PER_CALL]


def _is_wanted(row: _Row, choice: Choice) -> bool:
    """Say whether a row may come back."""
    has_expired = OWN_EXPIRY in row and float(row[OWN_EXPIRY]["N"]) <= time.time()
    return not has_expired and row.get("sender_id", {}).get("S") not in choice.without


def _key_of(pair: Pair, row: _Row) -> tuple[str, ...]:
    """Return a row's key; all keys are strings."""
    return tuple(row[name]["S"] for name in pair.keys)


def _read_live(aws: Aws, pair: Pair, rows: Sequence[_Row]) -> dict[tuple[str, ...], _Row]:
    """Return the table's rows of the same keys, consistently."""
    keys = [{name: row[name] for name in pair.keys} for row in rows]
    request: dict[str, Any] = {pair.table: {"Keys": keys, "ConsistentRead": True}}
    found: dict[tuple[str, ...], _Row] = {}
    while request:
        answer = aws.dynamodb.batch_get_item(RequestItems=request)
        for row in answer["Responses"].get(pair.table, []):
            found[_key_of(pair, dict(row))] = dict(row)
        request = dict(answer.get("UnprocessedKeys", {}))
    return found


def _compare(aws: Aws, pair: Pair, choice: Choice, row: _Row, live: _Row | None) -> Counts:
    """Say how a row differs; a row of the copy that must come back otherwise is changed here."""
    if live is not None and (choice.missing_only or row == live) and not _is_unfinished(live):
        return Counts()
    if row.get("status") == _ACTIVE and _is_followed(aws, pair, row):
        # Two active sessions of a sender must not be.
        row["status"] = _COMPLETED
        if row == live:
            return Counts()
    is_missing = live is None or _is_unfinished(live)
    return Counts(missing=1) if is_missing else Counts(changed=1)


def _is_unfinished(live: _Row) -> bool:
    """Say whether a run was cut off between the two writes of a row."""
    return live.get("chat_type") == RESTORING


def _is_followed(aws: Aws, pair: Pair, session: _Row) -> bool:
    """Say whether the table holds a newer session of the same sender."""
    newest = aws.dynamodb.query(
        TableName=pair.table,
        IndexName="SenderSessionsIndex",
        KeyConditionExpression="sender_id = :sender AND created_at > :created_at",
        ExpressionAttributeValues={
            ":sender": session["sender_id"],
            ":created_at": session["created_at"],
        },
        Limit=1,
    )
    return bool(newest["Items"])


def _write(aws: Aws, pair: Pair, row: _Row, live: _Row | None) -> bool:
    """Write a row over what was read of it; say whether that was still there."""
    try:
        if live is None and row.get("chat_type") == _INBOUND:
            names = (*pair.keys, OWN_EXPIRY)
            live = {name: row[name] for name in names if name in row} | {"chat_type": RESTORING}
            aws.dynamodb.put_item(TableName=pair.table, Item=live, **_if_missing(pair))
        condition = _if_missing(pair) if live is None else _if_unchanged(live)
        aws.dynamodb.put_item(TableName=pair.table, Item=row, **condition)
    except aws.dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _if_missing(pair: Pair) -> dict[str, Any]:
    return {
        "ConditionExpression": "attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": pair.keys[0]},
    }


def _if_unchanged(live: _Row) -> dict[str, Any]:
    numbered = list(enumerate(sorted(live)))
    return {
        "ConditionExpression": " AND ".join(f"#n{n} = :v{n}" for n, _ in numbered),
        "ExpressionAttributeNames": {f"#n{n}": name for n, name in numbered},
        "ExpressionAttributeValues": {f":v{n}": live[name] for n, name in numbered},
    }
