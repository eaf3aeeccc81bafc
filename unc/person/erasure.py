"""Erase a person: plan, then do. Whoever is interrupted runs it again, and it finishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unc.aws.tables import Tables
from unc.person.identity import find_other_ids
from unc.person.queues import Findings, dead_letter_queues, retry_queue, search, total_unseen
from unc.person.records import PersonRecords, delete_records, read_records

BEYOND_REACH = (
    "messages on their way in the main queue: they begin a new conversation; run it again",
    "the stream's images of the rows, for a day",
    "point-in-time backups, until they expire (35 days), and copies that unc restore has made",
    "the ids of sessions, each with a random text and nothing else, so that none is given again",
    "chats of other people that name this person: a quote, the list of a group",
    "the logs, which name nobody",
    "what Twilio and the reply service keep themselves",
)


@dataclass(frozen=True)
class ErasurePlan:
    """What there is of a person, and what else may be theirs."""

    sender_ids: Sequence[str]
    other_ids: dict[str, str]
    records: PersonRecords
    dead_letters: Sequence[Findings]

    def as_json(self) -> dict[str, Any]:
        """Return counts, and the ids of what a person has to decide on."""
        return {
            "sender_ids": list(self.sender_ids),
            "other_sender_ids": self.other_ids,
            **counts_of(self.records),
            "queues": {each.queue: len(each.theirs) for each in self.dead_letters},
            "named_by_others": naming_ids(self.dead_letters),
            "unseen": total_unseen(self.dead_letters),
            "beyond_reach": list(BEYOND_REACH),
        }


def plan_erasure(tables: Tables, sender_ids: Sequence[str]) -> ErasurePlan:
    """Look at everything; the retry queue is left alone, since each look uses up a receive."""
    aws, resources = tables.aws, tables.resources
    return ErasurePlan(
        sender_ids,
        find_other_ids(tables, sender_ids),
        read_records(tables, sender_ids),
        [search(aws, each, sender_ids, erases=False) for each in dead_letter_queues(resources)],
    )


def erase(
    tables: Tables, sender_ids: Sequence[str], progress: Callable[[str], None]
) -> list[Findings]:
    """Erase the person's messages in queues, then the rows, chats last; return what was found."""
    findings = []
    for queue in (retry_queue(tables.resources), *dead_letter_queues(tables.resources)):
        found = search(tables.aws, queue, sender_ids, erases=True)
        progress(f"{found.queue}: {len(found.theirs)} deleted")
        findings.append(found)
    records = read_records(tables, sender_ids)
    delete_records(tables, records)
    progress(", ".join(f"{count} {name}" for name, count in counts_of(records).items()))
    return findings


def counts_of(records: PersonRecords) -> dict[str, int]:
    """Count rows by table."""
    return {
        "chats": len(records.chats),
        "sessions": len(records.sessions),
        "notifications": len(records.notifications),
    }


def naming_ids(findings: Sequence[Findings]) -> list[str]:
    """Return the ids of other people's dead letters that name the person."""
    return [one.id for each in findings for one in each.named_by_others]
