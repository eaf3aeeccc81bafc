"""What each command does to the queues it was given; nothing is printed here but progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from unc.aws.queues import read_depth
from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.progress import counted
from unc.dlq.queue_client import SqsLetterBox
from unc.dlq.queues import DeadLetterQueue
from unc.dlq.redrive import (
    LATE_LETTERS_HELD,
    Outcome,
    PresentAtStart,
    find_letters,
    move,
    redrive_all,
    server_ms,
)
from unc.dlq.routes import route_of
from unc.dlq.view import Listing
from unc.dlq.visibility_lock import Hold

Queues = Sequence[DeadLetterQueue]
Done = tuple[DeadLetterQueue, Outcome]
LETTERS_PREVIEWED = 50


@dataclass
class Preview:
    """What a redrive of one queue would do, letter by letter as far as they can be seen."""

    queue: DeadLetterQueue
    rows: list[tuple[DeadLetter, str]]
    total: int


class Wanted:
    """Ids that are looked for in one queue after the other; `missing` are those not found yet."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.missing = list(ids)

    def find(self, hold: Hold) -> list[DeadLetter]:
        """Find what is in a queue, and look no further for it."""
        found = find_letters(hold, self.missing) if self.missing else []
        self.missing = [id for id in self.missing if not any(one.has_id(id) for one in found)]
        return found


def look(aws: Aws, queues: Queues, limit: int) -> list[Listing]:
    """Look at the letters of all queues at once, without taking any."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda queue: look_into(aws, queue, limit), queues))


def look_into(aws: Aws, queue: DeadLetterQueue, limit: int) -> Listing:
    """Look at a queue's letters."""
    depth = read_depth(aws, queue.url)
    with Hold(SqsLetterBox(aws, queue), limit) as hold:
        return Listing(queue, depth, list(islice(hold.letters(), limit)))


def find_one(aws: Aws, queues: Queues, id: str) -> tuple[DeadLetterQueue, DeadLetter] | None:
    """Find a letter in any of the queues, or nothing."""
    for queue in queues:
        with Hold(SqsLetterBox(aws, queue)) as hold:
            for letter in find_letters(hold, [id]):
                return queue, letter
    return None


def preview(aws: Aws, queue: DeadLetterQueue, ids: Sequence[str]) -> Preview:
    """Look at the letters once, and say of each where it would go."""
    route = route_of(aws, queue)
    waiting = read_depth(aws, queue.url).waiting
    with Hold(SqsLetterBox(aws, queue), LETTERS_PREVIEWED) as hold:
        letters = find_letters(hold, ids) if ids else list(hold.letters())
        rows = [(letter, route.preview(letter)) for letter in letters]
    return Preview(queue, rows, len(rows) if ids else max(len(rows), waiting))


def redrive_queues(aws: Aws, queues: Queues) -> Iterator[Done]:
    """Redrive all that lies in the queues now, one after the other; tells of each when done."""
    starts = [server_ms(aws, queue.url) for queue in queues]
    for queue, start in zip(queues, starts, strict=True):
        waiting = read_depth(aws, queue.url).waiting
        hold = Hold(SqsLetterBox(aws, queue), LATE_LETTERS_HELD)
        with counted(queue.name, waiting) as tell, hold:
            outcome = redrive_all(hold, route_of(aws, queue), PresentAtStart(start), tell)
            outcome.unseen = count_unseen(aws, queue, hold)
        yield queue, outcome


def count_unseen(aws: Aws, queue: DeadLetterQueue, hold: Hold) -> int:
    """Count what is there without being held: another command's, or a dead one's, and its group."""
    depth = read_depth(aws, queue.url)
    return max(0, depth.waiting + depth.in_flight - len(hold.held))


def redrive_ids(aws: Aws, queues: Queues, wanted: Wanted) -> Iterator[Done]:
    """Redrive the letters named, wherever they lie."""
    for queue in queues:
        with Hold(SqsLetterBox(aws, queue)) as hold:
            found = wanted.find(hold)
            outcome = move(hold, route_of(aws, queue), found)
        if found:
            yield queue, outcome


def count_ids(aws: Aws, queues: Queues, wanted: Wanted) -> int:
    """Count the letters named, wherever they lie; they stay there."""
    count = 0
    for queue in queues:
        with Hold(SqsLetterBox(aws, queue)) as hold:
            count += len(wanted.find(hold))
    return count


def purge_ids(aws: Aws, queues: Queues, wanted: Wanted) -> int:
    """Delete the letters named, wherever they lie; gives how many."""
    gone = 0
    for queue in queues:
        with Hold(SqsLetterBox(aws, queue)) as hold:
            gone += len(hold.remove(wanted.find(hold)))
    return gone
