"""Everything that is stored about a person, as documents for JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from unc.aws.tables import Tables
from unc.person.queues import dead_letter_queues, search
from unc.person.records import read_records


def export_person(tables: Tables, sender_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield one document a row and a dead letter: its `kind`, then all that is stored.

    The retry queue is not looked at: its records hold keys of chats, and nothing else.
    """
    records = read_records(tables, sender_ids)
    for session in records.sessions:
        yield {"kind": "session", **session}
    for chat in records.chats:
        yield {"kind": "chat", **chat}
    for row in records.notifications:
        yield {"kind": "notification", **row}
    for queue in dead_letter_queues(tables.resources):
        for dead_letter in search(tables.aws, queue, sender_ids, erases=False).theirs:
            yield {"kind": "dead letter", **dead_letter.as_json(with_body=True)}
