"""Letters get their second try: receive, send, delete, page by page, in order.

Nothing is deleted before it is sent, so a run may die anywhere and be started again. What it then
sends a second time is dropped by the queue, found stored by the consumer, or found claimed by the
notifier. A letter that comes back while the run goes on is left alone: its trouble is not over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.routes import Route
from unc.dlq.visibility_lock import Hold
from unc.errors import BadInput

# A server's date has whole seconds and may be a second old.
GRAIN_MS = 2_000
# So many letters moved and back, or arrived meanwhile: going on would not help.
LATE_LETTERS_HELD = 1_000
# More are never moved within the grain of a date.
LETTERS_REMEMBERED = 10_000

Tell = Callable[[int], None]


@dataclass
class Outcome:
    """What a run did: letters moved, those that stay and why, and those that came while it ran.

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
    """Tells letters that lay there when the run began from those that came, or came back, since."""

    def __init__(self, start_ms: int) -> None:
        self.surely_before = start_ms - GRAIN_MS
        self.surely_after = start_ms + GRAIN_MS
        self.taken: set[str] = set()

    def __call__(self, letter: DeadLetter) -> bool:
        if letter.sent_ms < self.surely_before:
            return True
        return letter.sent_ms < self.surely_after and letter.identity not in self.taken

    def note(self, letters: Iterable[DeadLetter]) -> None:
        """Remember what is sent, while a copy that comes back might pass for an old one."""
        if len(self.taken) < LETTERS_REMEMBERED:
            self.taken |= {letter.identity for letter in letters}


def redrive_all(hold: Hold, route: Route, present: PresentAtStart, tell: Tell) -> Outcome:
    """Move every letter that lay there at the start."""
    outcome = Outcome()
    for page in hold.pages():
        due = [letter for letter in page if present(letter)]
        outcome.late += len(page) - len(due)
        present.note(due)
        outcome.add(move(hold, route, due))
        tell(outcome.moved)
    outcome.stopped_early = hold.is_full
    return outcome


def move(hold: Hold, route: Route, letters: Sequence[DeadLetter]) -> Outcome:
    """Send letters, then delete those that were taken."""
    if not letters:
        return Outcome()
    stayed = route.send(letters)
    sent = [letter for letter in letters if letter.id not in stayed]
    gone = hold.remove(sent)
    lingering = {
        letter.id: "sent, but still here: run it again" for letter in sent if letter.id not in gone
    }
    return Outcome(len(gone), stayed | lingering)


def find_letters(hold: Hold, wanted: Sequence[str]) -> list[DeadLetter]:
    """Find letters by id or by the beginning of one; raises BadInput when that fits several.

    A FIFO queue shows ten letters of a group at most, so what lies further back is not found.
    """
    found: list[DeadLetter] = []
    for letter in hold.letters():
        if any(letter.has_id(id) for id in wanted):
            found.append(letter)
        if {letter.id for letter in found} >= set(wanted):
            break
    for id in wanted:
        if sum(letter.has_id(id) for letter in found) > 1:
            raise BadInput(f"several dead letters begin with {id}", "give more of the id")
    return found


def server_ms(aws: Aws, url: str) -> int:
    """Return the queue's own time in epoch milliseconds: a laptop's clock may be minutes off."""
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    seconds = parsedate_to_datetime(date).timestamp() if date else time.time()
    return int(seconds * 1000)
