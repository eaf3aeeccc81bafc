"""Stop answering for the whole stack: the notifier gets no events, and so makes no POST.

A row of `notifications` keeps since when. It is written before the first event source is switched
off, and removed after everything is on again, so whoever is interrupted runs the command again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from unc.answering.uncovered import NoChatTypeIndex, find_uncovered_since, queue_notifications
from unc.aws.mappings import Mapping, mappings_of, switch
from unc.aws.resources import STACK, read_parameters
from unc.aws.tables import Tables
from unc.errors import UncError

# No sender's id begins with a plus.
STOP_KEY = "+answering"
# A stream keeps its records for 24 hours; the other half is for working through them.
SEARCH_AFTER_SECONDS = 12 * 3600.0
# So long a notification may have been retried before the stop.
_RETRIED_SECONDS = 4 * 3600.0

# What a person has to know before stopping; a page shows it, too.
STOPPED = "Messages are stored. POSTs that are open now end by themselves within 90 seconds."

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Answering:
    """Whether the notifier gets events. `stopped_at` in epoch seconds; None: nobody stopped it.

    `is_starting`: a start has begun and not ended. `token` tells this stop from any other.
    """

    stopped_at: float | None
    mappings: Sequence[Mapping]
    token: str = ""
    is_starting: bool = False

    @property
    def state(self) -> str:
        """One of on, stopped, unfinished (half-way, or switched on by others) and disabled."""
        are_off = bool(self.mappings) and all(each.is_off for each in self.mappings)
        if self.stopped_at is not None:
            return "stopped" if are_off and not self.is_starting else "unfinished"
        return "disabled" if any(each.is_off for each in self.mappings) else "on"

    def sentence(self) -> str:
        """Say it, and what to do where something is to be done."""
        if self.state == "on":
            return "on"
        if self.state == "disabled":
            return "event sources of the notifier are disabled, not by unc answering: Paused=true?"
        since = datetime.fromtimestamp(self.stopped_at or 0, UTC).isoformat(timespec="seconds")
        if self.state == "stopped":
            return f"stopped since {since}; next: unc answering start"
        command = "start" if self.is_starting else "stop"
        return f"stopped at {since}; unc answering {command} did not end: run it again"

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        sources = {each.source: each.state for each in self.mappings}
        return {"state": self.state, "stopped_at": self.stopped_at, "sources": sources}


@dataclass(frozen=True)
class Started:
    """What a start did. `queued`: senders whose newest message was looked for and queued.

    `was_searched`: whether the stop was long enough for that.
    """

    was_stopped: bool
    was_searched: bool = False
    queued: int = 0

    def sentence(self) -> str:
        """Say what was done."""
        if not self.was_stopped:
            return "answering is not stopped; nothing was changed"
        if not self.was_searched:
            return "answering: on; the stream brings what was stored meanwhile"
        return f"answering: on; the newest messages of {self.queued} people were queued as well"

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return {
            "was_stopped": self.was_stopped,
            "was_searched": self.was_searched,
            "queued": self.queued,
        }


def read_answering(tables: Tables) -> Answering:
    """Read the note and the notifier's event sources: one query, one listing."""
    mappings = mappings_of(tables.aws, tables.resources.dynamo_function)
    rows = tables.query(
        tables.resources.notification_table,
        KeyConditionExpression="sender_id = :key",
        ExpressionAttributeValues={":key": {"S": STOP_KEY}},
        ConsistentRead=True,
    )
    row = rows[0] if rows else {}
    stopped_at = float(row["stopped_at"]) if "stopped_at" in row else None
    return Answering(stopped_at, mappings, row.get("token", ""), row.get("starting", False))


def stop_answering(tables: Tables, now: float, progress: Progress) -> Answering:
    """Note the moment (epoch seconds) and switch the notifier's event sources off.

    A stop that stands keeps its moment. POSTs that are open end by themselves within 90 seconds.
    """
    mappings = read_answering(tables).mappings
    if not mappings:
        raise UncError("the notifier has no event sources", "AttachEventSources=true attaches them")
    _write_note(tables, now)
    progress("switching off what feeds the notifier")
    switch(tables.aws, mappings, on=False)
    return read_answering(tables)


def start_answering(tables: Tables, now: float, progress: Progress) -> Started:
    """Switch the event sources on again; what the stream may have dropped is looked for."""
    before = read_answering(tables)
    if before.stopped_at is None:
        return Started(was_stopped=False)
    if read_parameters(tables.aws, STACK).get("Paused") == "true":
        raise UncError("the stack is paused as a whole", "unc deploy --set Paused=false first")
    _mark_starting(tables, before.token)
    progress("switching on what feeds the notifier")
    switch(tables.aws, before.mappings, on=True)
    is_long = now - before.stopped_at > SEARCH_AFTER_SECONDS
    queued = _queue_waiting(tables, before.stopped_at, progress) if is_long else None
    _remove_note(tables, before.token)
    return Started(True, queued is not None, queued or 0)


def keep_stopped(tables: Tables, progress: Progress) -> None:
    """After a deployment: switch off again what it may have switched on."""
    found = read_answering(tables)
    if found.state == "unfinished" and not found.is_starting:
        progress("answering is stopped: switching off again what the deployment switched on")
        switch(tables.aws, found.mappings, on=False)
    elif found.state == "stopped":
        progress("answering stays stopped; unc answering start")


def _queue_waiting(tables: Tables, stopped_at: float, progress: Progress) -> int | None:
    """Queue the newest uncovered message of everybody who wrote since; gives how many."""
    progress("looking for messages that the stream may have dropped")
    try:
        waiting = find_uncovered_since(tables, stopped_at - _RETRIED_SECONDS)
    except NoChatTypeIndex:
        progress("ChatTypeIndex is off, so nobody can be looked for; see: unc dlq list")
        return None
    queue_notifications(tables, waiting)
    return len(waiting)


def _write_note(tables: Tables, now: float) -> None:
    tables.aws.dynamodb.update_item(
        TableName=tables.resources.notification_table,
        Key={"sender_id": {"S": STOP_KEY}},
        UpdateExpression=(
            "SET stopped_at = if_not_exists(stopped_at, :now), #token = :token REMOVE starting"
        ),
        ExpressionAttributeNames={"#token": "token"},
        ExpressionAttributeValues={
            ":now": {"N": f"{now:.3f}"},
            ":token": {"S": uuid.uuid4().hex},
        },
    )


def _mark_starting(tables: Tables, token: str) -> None:
    _if_unchanged(
        tables,
        token,
        tables.aws.dynamodb.update_item,
        UpdateExpression="SET starting = :yes",
        values={":yes": {"BOOL": True}},
    )


def _remove_note(tables: Tables, token: str) -> None:
    _if_unchanged(tables, token, tables.aws.dynamodb.delete_item)


def _if_unchanged(
    tables: Tables,
    token: str,
    change: Callable[..., object],
    values: dict[str, Any] | None = None,
    **more: str,
) -> None:
    """Change the note of this stop; raises UncError when somebody has stopped or started since."""
    try:
        change(
            TableName=tables.resources.notification_table,
            Key={"sender_id": {"S": STOP_KEY}},
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":token": {"S": token}, **(values or {})},
            **more,
        )
    except tables.aws.dynamodb.exceptions.ConditionalCheckFailedException:
        found = read_answering(tables)
        raise UncError("somebody else stops or starts answering", found.sentence()) from None
