"""What each command does to the queues it was given; nothing is printed here but progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from unc.aws.queues import read_depth
from unc.aws.session import Aws
from unc.dlq.dead_letter import DeadLetter
from unc.dlq.progress import counted
from unc.dlq.queue_client import SqsQueueClient
from unc.dlq.queues import DeadLetterQueue
from unc.dlq.redrive import (
    MAX_LATE_LOCKED,
    Outcome,
    PresentAtStart,
    act_on_chosen,
    find_dead_letters,
    move,
    redrive_all,
    remove,
    server_ms,
)
from unc.dlq.routes import route_of
from unc.dlq.view import Listing
from unc.dlq.visibility_lock import VisibilityLock

_Queues = Sequence[DeadLetterQueue]
Done = tuple[DeadLetterQueue, Outcome]
_DEAD_LETTERS_PREVIEWED = 50


@dataclass
class Preview:
    """What a redrive of one queue would do, one by one as far as the dead letters can be seen."""

    queue: DeadLetterQueue
    rows: list[tuple[DeadLetter, str]]
    total: int


class Wanted:
    """Ids that are looked for in one queue after the other; `missing` are those not found yet."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.missing = list(ids)

    def find(self, lock: VisibilityLock) -> list[DeadLetter]:
        """Find what is in a queue, and look no further for it."""
        found = find_dead_letters(lock, self.missing) if self.missing else []
        self.missing = [id for id in self.missing if not any(one.has_id(id) for one in found)]
        return found


def look(aws: Aws, queues: _Queues, limit: int) -> list[Listing]:
    """Look at the dead letters of all queues at once, without taking any."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda queue: _look_into(aws, queue, limit), queues))


def _look_into(aws: Aws, queue: DeadLetterQueue, limit: int) -> Listing:
    """Look at a queue's dead letters."""
    depth = read_depth(aws, queue.url)
    with VisibilityLock(SqsQueueClient(aws, queue), limit) as lock:
        return Listing(queue, depth, list(islice(lock.dead_letters(), limit)))


def find_one(aws: Aws, queues: _Queues, id: str) -> tuple[DeadLetterQueue, DeadLetter] | None:
    """Find a dead letter in any of the queues, or nothing."""
    for queue in queues:
        with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
            for dead_letter in find_dead_letters(lock, [id]):
                return queue, dead_letter
    return None


def preview(aws: Aws, queue: DeadLetterQueue, ids: Sequence[str]) -> Preview:
    """Look at the dead letters once, and say of each where it would go."""
    route = route_of(aws, queue)
    waiting = read_depth(aws, queue.url).waiting
    with VisibilityLock(SqsQueueClient(aws, queue), _DEAD_LETTERS_PREVIEWED) as lock:
        dead_letters = find_dead_letters(lock, ids) if ids else list(lock.dead_letters())
        rows = [(dead_letter, route.preview(dead_letter)) for dead_letter in dead_letters]
    return Preview(queue, rows, len(rows) if ids else max(len(rows), waiting))


def redrive_queues(aws: Aws, queues: _Queues) -> Iterator[Done]:
    """Redrive all that lies in the queues now, one after the other; yields each when done."""
    starts = [server_ms(aws, queue.url) for queue in queues]
    for queue, start in zip(queues, starts, strict=True):
        waiting = read_depth(aws, queue.url).waiting
        lock = VisibilityLock(SqsQueueClient(aws, queue), MAX_LATE_LOCKED)
        with counted(queue.name, waiting) as on_progress, lock:
            outcome = redrive_all(lock, route_of(aws, queue), PresentAtStart(start), on_progress)
            outcome.unseen = _count_unseen(aws, queue, lock)
        yield queue, outcome


def _count_unseen(aws: Aws, queue: DeadLetterQueue, lock: VisibilityLock) -> int:
    """Count what is there without being held: another command's, or a dead one's, and its group."""
    depth = read_depth(aws, queue.url)
    return max(0, depth.waiting + depth.in_flight - len(lock.locked))


def redrive_ids(aws: Aws, queues: _Queues, wanted: Wanted) -> Iterator[Done]:
    """Redrive the dead letters named, wherever they lie."""
    for queue in queues:
        with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
            found = wanted.find(lock)
            outcome = move(lock, route_of(aws, queue), found)
        if found:
            yield queue, outcome


def redrive_chosen(
    aws: Aws, queue: DeadLetterQueue, ids: Sequence[str], on_progress: Callable[[int], None]
) -> Outcome:
    """Redrive exactly the dead letters of these whole ids."""
    route = route_of(aws, queue)
    with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
        return act_on_chosen(lock, ids, lambda page: move(lock, route, page), on_progress)


def delete_chosen(
    aws: Aws, queue: DeadLetterQueue, ids: Sequence[str], on_progress: Callable[[int], None]
) -> Outcome:
    """Delete exactly the dead letters of these whole ids, for good."""
    with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
        return act_on_chosen(lock, ids, lambda page: remove(lock, page), on_progress)


def count_ids(aws: Aws, queues: _Queues, wanted: Wanted) -> int:
    """Count the dead letters named, wherever they lie; they stay there."""
    count = 0
    for queue in queues:
        with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
            count += len(wanted.find(lock))
    return count


def purge_ids(aws: Aws, queues: _Queues, wanted: Wanted) -> int:
    """Delete the dead letters named, wherever they lie; gives how many."""
    gone = 0
    for queue in queues:
        with VisibilityLock(SqsQueueClient(aws, queue)) as lock:
            gone += len(lock.remove(wanted.find(lock)))
    return gone
