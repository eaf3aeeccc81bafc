"""Rules of the core, each taken away: what `variants` puts in their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import domain.batches
import domain.intake
import domain.telling
import handlers.dynamo_event_handler as stream_handler
import handlers.queue_message_handler as queue_handler
from domain.batches import Rejected
from domain.chats import chat_item
from domain.errors import NotHandled
from domain.intake import Conversations, Intake
from domain.news import News, retry_body
from domain.notifications import Claim, Notification, Standing, standing
from domain.parking import Parking
from domain.ports import Known, Outcome, Unit
from domain.records import QueueRecord
from domain.sessions import Session, next_session
from domain.telling import Teller
from tests.world.notifications import may_claim
from tests.world.tables import Put, Reason, Tables, Telling
from wiring import QueueSide, Surroundings

# The queue half

_weigh = Teller._weigh
_tell_round = Teller._tell_round
_check = Tables._check
_numbers = itertools.count(1)
_random = Random(0)


def write_each_alone(self: Conversations, units: Sequence[Unit], intake: Intake) -> None:
    """A later message does not wait for an earlier one."""
    left = [Unit(unit.session, unit.opens, [m]) for unit in units for m in unit.messages]
    while left and not self._patience.is_over:
        left = [u for unit in left for turn in self._write_step([unit], intake) for u in turn]
        if left and not self._patience.pause():
            return


def take_unanswered_for_absent(self: Conversations, known: Known, *args: Any, **asked: Any) -> None:
    answer = self._store.look_up(
        asked.get("senders", ()), asked.get("chats", ()), asked.get("sessions", ())
    )
    known.newest |= dict.fromkeys(asked.get("senders", ())) | answer.newest
    known.sessions |= dict.fromkeys(asked.get("sessions", ())) | answer.sessions
    known.stored |= dict.fromkeys(asked.get("chats", ()), False) | answer.stored


def trust_the_index(self: Conversations, senders: Any, known: Known, intake: Intake) -> None:
    for session in filter(None, known.newest.values()):
        known.sessions.setdefault(session.session_id, session)


def random_session(sender_id: str, previous: Session | None, now: float) -> Session:
    session = next_session(sender_id, previous, now)
    return replace(session, session_id=str(UUID(int=_random.getrandbits(128))))


def session_of_this_second(sender_id: str, previous: Session | None, now: float) -> Session:
    return replace(next_session(sender_id, previous, now), created_at=Decimal(int(now)))


def overwrite(kind: type) -> Callable[[Tables, Put], Reason | None]:
    """A put of this kind has no condition."""
    return lambda self, put: None if isinstance(put, kind) else _check(self, put)


def moment_of_reading(record: QueueRecord) -> Decimal:
    return Decimal(1_790_000_000) + Decimal(next(_numbers)) / 1_000_000


def nothing_failed(*args: Any) -> list[str]:
    return []


def only_unsettled(arrivals: Iterable[Any], unsettled: Any) -> list[str]:
    return [each.record.id for each in arrivals if each.record.id in unsettled]


def quarantine_first(records: Any, context: Any, side: QueueSide) -> list[str]:
    """A bad body takes its time before the good ones get any."""
    batch = _sort_batch(records)
    malformed = {each.record.id for each in batch.malformed}
    patience = side.surroundings.patience(context, calls_behind=1)
    stuck = queue_handler._quarantine(batch.malformed, patience, side)
    good = [each for each in records if each.id not in malformed]
    if patience.is_over:
        return stuck + [each.id for each in good]
    return stuck + queue_handler.handle_batch(good, context, side)


def patience_to_the_end(self: Surroundings, context: Any = None, calls_behind: int = 0) -> Any:
    return _patience(self, context)


def only_refused(arrivals: Any, intake: Intake, side: Any) -> Any:
    return _lost_causes(arrivals, intake, replace(side, max_receive_count=10**9))


def write_once(self: Conversations, units: Sequence[Unit], intake: Intake) -> None:
    """One try, and nothing after it."""
    if units and not self._patience.is_over:
        self._write_step(units, intake)


def whatever_is_open(arrivals: Any, intake: Intake, side: Any) -> Any:
    """What is not stored now is given up, whichever receive it is."""
    return _lost_causes(arrivals, intake, replace(side, max_receive_count=1))


_lost_causes = queue_handler._lost_causes
_patience = Surroundings.patience


def raise_over_bad_input(records: Iterable[QueueRecord]) -> Any:
    batch = _sort_batch(records)
    if batch.malformed:
        raise ValueError(batch.malformed[0].reason)
    return batch


def only_first_places(records: Iterable[QueueRecord]) -> Any:
    """What an operator has redriven counts as bad input."""
    all_ = list(records)
    batch = _sort_batch(each for each in all_ if each.id == each.original_id)
    redriven = [each for each in all_ if each.id != each.original_id]
    batch.malformed += [Rejected(each, "not its first id") for each in redriven]
    return batch


_sort_batch = domain.batches.sort_batch


def stored_when_queued(message: Any, session_id: str, stored_at: Decimal) -> dict[str, Any]:
    return chat_item(message, session_id, message.created_at)


# The stream half


def always_due(news: News, row: Any) -> Standing:
    return Standing.DUE


def claim_nothing(self: Teller, claims: Mapping[str, Any], telling: Any) -> Any:
    return list(claims), []


def without_through(news: News, row: Notification | None) -> Standing:
    """Neither the reading of the row nor the claim's condition looks at `through`."""
    return standing(news, row and replace(row, through=None))


def may_claim_again(row: Telling, claim: Claim) -> bool:
    return may_claim(replace(row, through=None), claim)


def standing_by_attempt(news: News, row: Notification | None) -> Standing:
    """A parked copy takes over whatever claim there is, as if all before it had ended."""
    found = standing(news, row)
    return Standing.DUE if found is Standing.IN_DOUBT and news.attempt > 1 else found


def may_claim_by_attempt(row: Telling, claim: Claim) -> bool:
    is_same = row.claimed == claim.news.stored_at and row.through != row.claimed
    return may_claim(row, claim) or (is_same and claim.news.attempt > 1)


def no_time_for_steps(self: Parking, steps: int) -> float:
    return 0.0


def never_under_way(self: Teller, row: Any) -> bool:
    return False


def never_too_late(self: Teller, telling: Any) -> bool:
    return False


def forget_the_unclear(self: Teller, due: Any, rest: Any, telling: Any) -> None:
    _tell_round(self, due, rest, telling)
    unclear = {claim.news.sender_id for claim in rest.claims}
    rest.news[:] = [each for each in rest.news if each.sender_id not in unclear]
    rest.claims.clear()


def do_nothing(*args: Any) -> None:
    pass


def takes_over_nothing(news: News) -> str:
    return retry_body(replace(news, after=()))


def take_unknown_for_undelivered(
    self: Teller, news: Any, outcomes: Mapping[str, Outcome], telling: Any
) -> Any:
    known = {
        sender: Outcome.CANNOT_DELIVER_NOW if outcome is Outcome.UNKNOWN else outcome
        for sender, outcome in outcomes.items()
    }
    return _weigh(self, news, known, telling)


def settle_failures(self: Teller, news: Any, outcomes: Any, telling: Any) -> Any:
    fates = _weigh(self, news, outcomes, telling)
    fates.settle |= {each.sender_id: each.stored_at for each in fates.park}
    return fates


def forget_failures(self: Teller, news: Any, outcomes: Any, telling: Any) -> Any:
    fates = _weigh(self, news, outcomes, telling)
    fates.park.clear()
    return fates


def swallow(records: Any, context: Any, side: Any) -> None:
    with suppress(NotHandled):
        stream_handler.handle_stream(records, context, side)


def oldest_per_sender(news: Iterable[News]) -> dict[str, News]:
    oldest: dict[str, News] = {}
    for each in news:
        oldest.setdefault(each.sender_id, each)
    return oldest
