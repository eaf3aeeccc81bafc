"""Everything that tables, dead letters and logs know about messages of one sender.

Reads are bounded: so many messages, dead letters, hours and pages of log.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from unc.aws.logs import Line, parse_entry
from unc.aws.resources import Resources
from unc.aws.sender_lookup import find_writer, is_message_id
from unc.aws.session import Aws
from unc.aws.tables import Item, Tables
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.operations import look
from unc.dlq.queues import choose_queues
from unc.messages.sender import read_sender

# Of a sender the newest so many messages are traced.
MESSAGES_TRACED = 10
DEAD_LETTERS_READ = 200
# A page holds 10,000 events or 1 MB of log looked through, whichever comes first.
LOG_PAGES = 50
HOURS = 24.0
_MINUTE = 60.0


@dataclass
class Facts:
    """What was read. `ids`: the messages traced; `sender_id` blank where nobody knows it.

    `is_log_partial`: the log has more pages than were read.
    """

    ids: list[str]
    sender_id: str = ""
    chats: list[Item] = field(default_factory=list)
    replies: list[Item] = field(default_factory=list)
    sessions: dict[str, Item] = field(default_factory=dict)
    row: Item = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    is_log_partial: bool = False


def read_facts(aws: Aws, resources: Resources, wanted: str, hours: float = HOURS) -> Facts:
    """Read what is known of a message, by its id, or of a sender's newest messages."""
    tables = Tables(aws, resources)
    facts = _read_tables(tables, wanted)
    for listing in look(aws, choose_queues(resources, None), DEAD_LETTERS_READ):
        facts.dead_letters += [one for one in listing.dead_letters if _is_of(one, facts)]
    for one in facts.dead_letters:
        if one.facts.message_id not in facts.ids:
            facts.ids.append(one.facts.message_id)
    if facts.ids:
        _read_logs(aws, resources.functions(), facts, hours)
    return facts


def _is_of(dead_letter: DeadLetter, facts: Facts) -> bool:
    """Say whether a dead letter is one of the messages, or of the sender who was asked for."""
    known = dead_letter.facts
    return bool(known.message_id) and (
        known.message_id in facts.ids
        or (not facts.ids and bool(facts.sender_id) and known.sender_id == facts.sender_id)
    )


def _read_tables(tables: Tables, wanted: str) -> Facts:
    if is_message_id(wanted):
        facts = Facts([wanted], find_writer(tables, wanted) or "")
    else:
        facts = Facts([], read_sender(wanted))
    if not facts.sender_id:
        return facts
    chats = tables.read_conversation(facts.sender_id)
    inbound = [chat for chat in chats if chat["chat_type"] == "inbound"]
    newest = sorted(inbound, key=lambda chat: chat["created_at"])[-MESSAGES_TRACED:]
    facts.ids = facts.ids or [chat["message_id"] for chat in newest]
    facts.chats = [chat for chat in inbound if chat["message_id"] in facts.ids]
    facts.replies = [chat for chat in chats if chat["chat_type"] == "outbound"]
    facts.sessions = tables.read_sessions(chat["session_id"] for chat in facts.chats)
    facts.row = tables.read_notifications([facts.sender_id]).get(facts.sender_id, {})
    return facts


def _read_logs(aws: Aws, functions: Sequence[str], facts: Facts, hours: float) -> None:
    """Read the lines that name the messages, from their queueing until so many hours later."""
    now = time.time()
    moments = [float(chat["created_at"]) for chat in facts.chats]
    since = min(moments) - _MINUTE if moments else now - hours * 60 * _MINUTE
    until = min(now, max(moments, default=now) + hours * 60 * _MINUTE)
    for name in functions:
        for page in _pages(aws, name, facts, since, until):
            lines = [_line(name, event) for event in page["events"]]
            facts.lines += [line for line in lines if names_any(line, facts.ids)]
    facts.lines.sort(key=lambda line: line.at)


def _pages(
    aws: Aws, function: str, facts: Facts, since: float, until: float
) -> Iterable[dict[str, Any]]:
    """Yield a function's pages of log, so many at the most; a function that never ran has none."""
    pages = aws.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}",
        startTime=int(since * 1000),
        endTime=int((until + _MINUTE) * 1000),
        filterPattern=pattern_of(facts.ids),
    )
    try:
        more: Any = iter(pages)
        yield from islice(more, LOG_PAGES)
        facts.is_log_partial |= next(more, None) is not None
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise


def pattern_of(ids: Sequence[str]) -> str:
    """Return CloudWatch's filter for lines about any of the ids.

    The emulator takes several words for all of them, and every pattern in braces for no pattern.
    """
    if len(ids) == 1:
        return f'"{ids[0]}"'
    return "{ " + " || ".join(f'($.message_id = "{id}")' for id in ids) + " }"


def _line(function: str, event: Any) -> Line:
    return Line(function, event["timestamp"], event.get("eventId", ""), event.get("message", ""))


def names_any(line: Line, ids: Sequence[str]) -> bool:
    """Say whether a log line is about one of the messages."""
    entry = parse_entry(line.text)
    return entry is not None and entry.get("message_id") in ids
