"""A person's messages in the retry queue and in the dead-letter queues.

The main queue is never received from: a message that we hide there would hold back its group.
The stream-failure queue holds positions in a stream, which name nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from unc.aws.queues import read_depth
from unc.aws.resources import Resources
from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.queue_client import SqsQueueClient
from unc.dlq.queues import MESSAGES, REPLIES, DeadLetterQueue, choose_queues
from unc.dlq.visibility_lock import VisibilityLock

RETRIES = "reply retries"
# A shorter id would be found in other people's words.
_SHORTEST_NAME = 6


@dataclass
class Findings:
    """What one queue holds of a person: `theirs`, and bodies of others that name the person.

    `unseen`: messages that could not be looked at.
    """

    queue: str
    theirs: list[DeadLetter] = field(default_factory=list)
    named_by_others: list[DeadLetter] = field(default_factory=list)
    unseen: int = 0


def dead_letter_queues(resources: Resources) -> list[DeadLetterQueue]:
    """Return the dead-letter queues that can hold something about a person."""
    return [queue for name in (MESSAGES, REPLIES) for queue in choose_queues(resources, name)]


def retry_queue(resources: Resources) -> DeadLetterQueue:
    """Return the retry queue, whose bodies read like those of its dead-letter queue."""
    return DeadLetterQueue(REPLIES, RETRIES, resources.reply_retry_queue, "")


def search(aws: Aws, queue: DeadLetterQueue, ids: Collection[str], erases: bool) -> Findings:
    """Look at every message that can be seen, and delete the person's where `erases`."""
    found = Findings(RETRIES if queue.holds == RETRIES else queue.name)
    with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
        for page in lock.pages():
            theirs, naming = _sort(page, ids)
            found.named_by_others += naming
            if erases and theirs:
                gone = lock.remove(theirs)
                found.unseen += len(theirs) - len(gone)
                theirs = [one for one in theirs if one.id in gone]
            found.theirs += theirs
        found.unseen += _count_unseen(aws, queue, lock)
    return found


def _count_unseen(aws: Aws, queue: DeadLetterQueue, lock: VisibilityLock) -> int:
    """Count what is not due yet, held by another, or behind others of its message group."""
    depth = read_depth(aws, queue.url)
    return max(0, depth.waiting + depth.in_flight - len(lock.locked)) + depth.delayed


def _sort(
    page: Iterable[DeadLetter], ids: Collection[str]
) -> tuple[list[DeadLetter], list[DeadLetter]]:
    """Return those of the person, and those of others that name the person."""
    theirs, naming = list[DeadLetter](), list[DeadLetter]()
    for one in page:
        if one.facts.sender_id in ids:
            theirs.append(one)
        elif names_any(one.body, ids):
            (naming if one.facts.sender_id else theirs).append(one)
    return theirs, naming


def names_any(body: str, ids: Collection[str]) -> bool:
    """Say whether a body holds one of the ids as a whole word, form-encoded or not."""
    words = "|".join(re.escape(id) for id in ids if len(id) >= _SHORTEST_NAME)
    if not words:
        return False
    pattern = rf"(?<![0-9A-Za-z])(?:{words})(?![0-9A-Za-z])"
    return any(re.search(pattern, text) for text in (body, unquote_plus(body)))


def total_unseen(findings: Sequence[Findings]) -> int:
    """Add up what could not be looked at."""
    return sum(each.unseen for each in findings)
