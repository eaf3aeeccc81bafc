"""Redrive dead letters: receive, send, delete, page by page, in order.

Nothing is deleted before it is sent, so a run may die anywhere and be started again. What it then
sends a second time is dropped by the queue, found stored by the consumer, or found claimed by the
notifier. A dead letter that comes back while the run goes on is left: its cause is not over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.routes import Route
from unc.dlq.visibility_lock import VisibilityLock
from unc.errors import BadInput

# A server's date has whole seconds and may be a second old.
_GRAIN_MS = 2_000
# So many dead letters moved and back, or arrived meanwhile: going on would not help.
MAX_LATE_LOCKED = 1_000
# More are never moved within the grain of a date.
_MAX_REMEMBERED = 10_000

_OnProgress = Callable[[int], None]
_Act = Callable[[Sequence[DeadLetter]], "Outcome"]


@dataclass
class Outcome:
    """What a run did: how many it moved, which stay and why, and how many came meanwhile.

    `unseen` counts what waits, or is out of sight, without this run having had it in hand.
    """

    moved: int = 0
    stayed: dict[str, str] = field(default_factory=dict)
    late: int = 0
    unseen: int = 0
    stopped_early: bool = False

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is left to do; counts lag behind what a run has just moved."""
        return not (self.stayed or self.stopped_early or (self.unseen and not self.moved))

    def add(self, other: Outcome) -> None:
        """Count another page."""
        self.moved += other.moved
        self.stayed |= other.stayed
        self.late += other.late


class PresentAtStart:
    """Decides whether a dead letter was there when the run began, or came (back) since."""

    def __init__(self, start_ms: int) -> None:
        self._surely_before = start_ms - _GRAIN_MS
        self._surely_after = start_ms + _GRAIN_MS
        self._taken: set[str] = set()

    def __call__(self, dead_letter: DeadLetter) -> bool:
        if dead_letter.sent_ms < self._surely_before:
            return True
        return dead_letter.sent_ms < self._surely_after and dead_letter.identity not in self._taken

    def note(self, dead_letters: Iterable[DeadLetter]) -> None:
        """Remember what is sent, while a copy that comes back might pass for an old one."""
        if len(self._taken) < _MAX_REMEMBERED:
            self._taken |= {dead_letter.identity for dead_letter in dead_letters}


def redrive_all(
    lock: VisibilityLock, route: Route, present: PresentAtStart, on_progress: _OnProgress
) -> Outcome:
    """Move every dead letter that lay there at the start."""
    outcome = Outcome()
    for page in lock.pages():
        due = [dead_letter for dead_letter in page if present(dead_letter)]
        outcome.late += len(page) - len(due)
        present.note(due)
        outcome.add(move(lock, route, due))
        on_progress(outcome.moved)
    outcome.stopped_early = lock.is_full
    return outcome


def move(lock: VisibilityLock, route: Route, dead_letters: Sequence[DeadLetter]) -> Outcome:
    """Send dead letters, then delete those that were taken."""
    if not dead_letters:
        return Outcome()
    stayed = route.send(dead_letters)
    sent = [dead_letter for dead_letter in dead_letters if dead_letter.id not in stayed]
    gone = lock.remove(sent)
    lingering = {
        dead_letter.id: "sent, but still here: run it again"
        for dead_letter in sent
        if dead_letter.id not in gone
    }
    return Outcome(len(gone), stayed | lingering)


def act_on_chosen(
    lock: VisibilityLock, ids: Iterable[str], act: _Act, on_progress: _OnProgress
) -> Outcome:
    """Act on exactly the dead letters of these ids, page by page; what is gone stays untouched."""
    outcome, left = Outcome(), set(ids)
    for page in lock.pages():
        due = [dead_letter for dead_letter in page if dead_letter.id in left]
        outcome.add(act(due))
        left -= {dead_letter.id for dead_letter in due}
        on_progress(outcome.moved)
        if not left:
            break
    outcome.stayed |= dict.fromkeys(left, "not to be seen: moved, deleted, or held elsewhere")
    return outcome


def remove(lock: VisibilityLock, dead_letters: Sequence[DeadLetter]) -> Outcome:
    """Delete dead letters for good."""
    gone = lock.remove(dead_letters) if dead_letters else set()
    left = [dead_letter.id for dead_letter in dead_letters if dead_letter.id not in gone]
    return Outcome(len(gone), dict.fromkeys(left, "still here: run it again"))


def find_dead_letters(lock: VisibilityLock, wanted: Sequence[str]) -> list[DeadLetter]:
    """Find dead letters by id or by the beginning of one; raises BadInput when that fits several.

    A FIFO queue shows ten dead letters of a group at most, so what lies further back is not found.
    """
    found: list[DeadLetter] = []
    for dead_letter in lock.dead_letters():
        if any(dead_letter.has_id(id) for id in wanted):
            found.append(dead_letter)
        if {dead_letter.id for dead_letter in found} >= set(wanted):
            break
    for id in wanted:
        if sum(dead_letter.has_id(id) for dead_letter in found) > 1:
            raise BadInput(f"several dead letters begin with {id}", "give more of the id")
    return found


def server_ms(aws: Aws, url: str) -> int:
    """Return the queue's own time in epoch milliseconds: a laptop's clock may be minutes off."""
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    seconds = parsedate_to_datetime(date).timestamp() if date else time.time()
    return int(seconds * 1000)
