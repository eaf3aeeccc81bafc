"""Rules of the core, each taken away: what `mutants` puts in their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import consumer.conversation.batch
import consumer.conversation.store_messages
import consumer.notification.notifier
import handlers.dynamo_event_handler as stream_handler
import handlers.queue_message_handler as queue_handler
from consumer.conversation.batch import RejectedRecord
from consumer.conversation.chat import chat_item
from consumer.conversation.ports import ConversationReads, SenderWrite
from consumer.conversation.quarantine import quarantine, undeliverable
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.session import Session, next_session
from consumer.conversation.store_messages import MessageStorage, StoreResult
from consumer.errors import NotHandled
from consumer.notification.deferral import Deferral
from consumer.notification.notification import Notification
from consumer.notification.notifier import Notifier
from consumer.notification.ports import Outcome
from consumer.notification.retry_record import retry_body
from consumer.notification.state import Claim, DeliveryStatus, NotificationState, delivery_status
from consumer.webhook import parse
from consumer.webhook.form import Form, parse_form
from consumer.webhook.message import Malformed
from container import QueueDependencies, Runtime
from tests.support.memory.notification_store import may_claim
from tests.support.memory.tables import NotificationRow, Put, Reason, Tables

# The queue half

_weigh = Notifier._weigh
_notify_round = Notifier._notify_round
_check = Tables._check
_numbers = itertools.count(1)
_random = Random(0)


def write_each_alone(
    self: MessageStorage, units: Sequence[SenderWrite], intake: StoreResult
) -> None:
    """A later message does not wait for an earlier one."""
    left = [SenderWrite(unit.session, unit.opens, [m]) for unit in units for m in unit.messages]
    while left and not self._budget.is_over:
        left = [u for unit in left for turn in self._write_once([unit], intake) for u in turn]
        if left and not self._budget.pause():
            return


def take_unanswered_for_absent(
    self: MessageStorage, known: ConversationReads, *args: Any, **asked: Any
) -> None:
    answer = self._store.read(
        asked.get("senders", ()), asked.get("chats", ()), asked.get("sessions", ())
    )
    known.newest |= dict.fromkeys(asked.get("senders", ())) | answer.newest
    known.sessions |= dict.fromkeys(asked.get("sessions", ())) | answer.sessions
    known.stored |= dict.fromkeys(asked.get("chats", ()), False) | answer.stored


def trust_the_index(senders: Any, reads: ConversationReads) -> list[str]:
    for session in filter(None, reads.newest.values()):
        reads.sessions.setdefault(session.session_id, session)
    return []


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


def everything_arrived(rejected: Any, queue: Any, budget: Any) -> set[str]:
    quarantine(rejected, queue, budget)
    return {each.record.id for each in rejected}


def only_failed(messages: Iterable[Any], failed: Any) -> list[str]:
    return [record.id for record, _ in messages if record.id in failed]


def quarantine_first(records: Any, context: Any, dependencies: QueueDependencies) -> list[str]:
    """A bad body takes its time before the good ones get any."""
    batch = _sort_batch(records)
    malformed = {each.record.id for each in batch.malformed}
    budget = dependencies.runtime.budget(context, calls_behind=1)
    moved = quarantine(batch.malformed, dependencies.dead_letters, budget)
    stuck = [each for each in malformed if each not in moved]
    good = [each for each in records if each.id not in malformed]
    if budget.is_over:
        return stuck + [each.id for each in good]
    return stuck + queue_handler.handle_batch(good, context, dependencies)


def budget_without_margin(self: Runtime, context: Any = None, calls_behind: int = 0) -> Any:
    return _budget(self, context)


def only_refused(batch: Any, result: StoreResult, max_receive_count: int) -> Any:
    return undeliverable(batch, result, 10**9)


def write_once(self: MessageStorage, units: Sequence[SenderWrite], intake: StoreResult) -> None:
    """One try, and nothing after it."""
    if units and not self._budget.is_over:
        self._write_once(units, intake)


def whatever_is_open(batch: Any, result: StoreResult, max_receive_count: int) -> Any:
    """What is not stored now goes to the dead-letter queue, whichever receive it is."""
    return undeliverable(batch, result, 1)


_budget = Runtime.budget


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
    batch.malformed += [RejectedRecord(each, "not its first id") for each in redriven]
    return batch


_sort_batch = consumer.conversation.batch.sort_batch
_is_callback = parse._is_callback


def callback_by_presence(form: Form) -> bool:
    return form.get("MessageStatus") is not None or _is_callback(form)


def no_json(body: str) -> Malformed:
    return Malformed("JSON")


def form_of_anything(body: str) -> Form | Malformed:
    return parse_form(body) or Malformed("no fields")


def message_of_any_sender(form: Form, sender_id: str, content: Any) -> str | None:
    return None if sender_id else "no sender"


def stored_when_queued(message: Any, session_id: str, stored_at: Decimal) -> dict[str, Any]:
    return chat_item(message, session_id, message.created_at)


# The stream half


def always_due(notification: Notification, row: Any) -> DeliveryStatus:
    return DeliveryStatus.DUE


def claim_nothing(self: Notifier, claims: Mapping[str, Any], result: Any) -> Any:
    return list(claims), []


def without_through(notification: Notification, row: NotificationState | None) -> DeliveryStatus:
    """Neither the reading of the row nor the claim's condition looks at `through`."""
    return delivery_status(notification, row and replace(row, notified_through=None))


def may_claim_again(row: NotificationRow, claim: Claim) -> bool:
    return may_claim(replace(row, notified_through=None), claim)


def status_by_attempt(notification: Notification, row: NotificationState | None) -> DeliveryStatus:
    """A scheduled copy takes over whatever claim there is, as if all before it had ended."""
    found = delivery_status(notification, row)
    return (
        DeliveryStatus.DUE
        if found is DeliveryStatus.OUTCOME_UNKNOWN and notification.attempt > 1
        else found
    )


def may_claim_by_attempt(row: NotificationRow, claim: Claim) -> bool:
    is_same = row.claimed == claim.notification.stored_at and row.notified_through != row.claimed
    return may_claim(row, claim) or (is_same and claim.notification.attempt > 1)


def no_time_for_steps(self: Deferral, steps: int) -> float:
    return 0.0


def never_under_way(self: Notifier, row: Any) -> bool:
    return False


def never_too_late(self: Notifier, result: Any) -> bool:
    return False


def forget_the_unclear(self: Notifier, due: Any, rest: Any, result: Any) -> None:
    _notify_round(self, due, rest, result)
    unclear = {claim.notification.sender_id for claim in rest.claims}
    rest.notifications[:] = [each for each in rest.notifications if each.sender_id not in unclear]
    rest.claims.clear()


def do_nothing(*args: Any) -> None:
    pass


def takes_over_nothing(notification: Notification) -> str:
    return retry_body(replace(notification, after=()))


def take_unknown_for_undelivered(
    self: Notifier, notifications: Any, outcomes: Mapping[str, Outcome], result: Any
) -> Any:
    known = {
        sender: Outcome.CANNOT_DELIVER_NOW if outcome is Outcome.UNKNOWN else outcome
        for sender, outcome in outcomes.items()
    }
    return _weigh(self, notifications, known, result)


def settle_failures(self: Notifier, notifications: Any, outcomes: Any, result: Any) -> Any:
    fates = _weigh(self, notifications, outcomes, result)
    fates.settle |= {each.sender_id: each.stored_at for each in fates.schedule}
    return fates


def forget_failures(self: Notifier, notifications: Any, outcomes: Any, result: Any) -> Any:
    fates = _weigh(self, notifications, outcomes, result)
    fates.schedule.clear()
    return fates


def swallow(records: Any, context: Any, dependencies: Any) -> None:
    with suppress(NotHandled):
        stream_handler.handle_stream(records, context, dependencies)


def oldest_per_sender(notifications: Iterable[Notification]) -> dict[str, Notification]:
    oldest: dict[str, Notification] = {}
    for each in notifications:
        oldest.setdefault(each.sender_id, each)
    return oldest
