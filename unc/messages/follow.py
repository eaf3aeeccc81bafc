"""Follow messages that are sent now: tables, log and, in the end, what their states are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError

from unc.aws.logs import Line, LogFollower
from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.aws.tables import Tables
from unc.messages.message import Message
from unc.messages.trace import State, build_trace
from unc.messages.trace_facts import pattern_of, read_facts
from unc.messages.tracker import MessageTracker
from unc.messages.tracker_view import shown

# CloudWatch takes a filter of 1,024 characters.
_IDS_IN_A_PATTERN = 15
# A function's clock may be behind.
_CLOCKS_APART_SECONDS = 5


def make_tracker(
    aws: Aws, resources: Resources, messages: Sequence[Message], may_be_silent: bool
) -> MessageTracker:
    """Return a tracker that reads tables and log; see MessageTracker for `may_be_silent`."""
    return MessageTracker(
        Tables(aws, resources), messages, may_be_silent, _log_of(aws, resources, messages)
    )


def follow(tracker: MessageTracker, seconds: float) -> bool:
    """Follow messages for a while; say whether all came as far as they should, or read why not."""
    if seconds <= 0:
        return False
    with shown(tracker) as show:
        is_well = tracker.follow(seconds, show)
    if not is_well:
        tracker.explain(lambda id: _read_state(tracker.tables, id))
    return is_well


def _read_state(tables: Tables, message_id: str) -> State:
    """Read where one message stands."""
    return build_trace(read_facts(tables.aws, tables.resources, message_id), time.time()).state


def _log_of(
    aws: Aws, resources: Resources, messages: Sequence[Message]
) -> Callable[[], list[Line]]:
    """Return what reads new lines of the functions; where nobody may read the log it is blank."""
    ids = [each.message_id for each in messages]
    is_short = all(ids) and len(ids) <= _IDS_IN_A_PATTERN
    since_ms = int((time.time() - _CLOCKS_APART_SECONDS) * 1000)
    pattern = pattern_of(ids) if is_short else ""
    follower = LogFollower(aws, resources.functions(), since_ms, pattern)

    def read() -> list[Line]:
        try:
            return follower.read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "AccessDeniedException":
                raise
            return []

    return read
