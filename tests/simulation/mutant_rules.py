"""Rules of the core, each taken away: what `mutants` puts in their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import consumer.conversation.batch
import consumer.conversation.store_messages
import handlers.dynamo_event_handler as stream_handler
import handlers.queue_message_handler as queue_handler
from consumer.conversation.batch import Batch, RejectedRecord
from consumer.conversation.chat import chat_item
from consumer.conversation.ports import ConversationReads, SenderWrite, SessionKeyAnswer
from consumer.conversation.quarantine import quarantine
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.session import Session, is_limited_since, next_session
from consumer.conversation.store_messages import MessageStorage, StoreResult
from consumer.errors import NotHandled
from consumer.intake import queue_message
from consumer.intake.answer import QUEUED, Answer
from consumer.intake.intake import Intake
from consumer.notification import turn, turn_end
from consumer.notification.facts import Facts, Need
from consumer.notification.notification import Notification
from consumer.notification.notifier import Notifier
from consumer.notification.ports import NotificationReads, SaveResult
from consumer.notification.state import NotificationState, Pending, StateChange, Turn
from consumer.notification.step import Outcome, PostEnd, Status, Step, TurnRules
from consumer.retry_budget import RetryBudget
from consumer.webhook import parse
from consumer.webhook.form import Form, parse_form
from consumer.webhook.message import Malformed, Parsed
from container import IntakeDependencies, QueueDependencies, Runtime
from tests.support.memory.index import ChatIndex
from tests.support.memory.notification_store import MemoryNotificationStore
from tests.support.memory.queue_ports import MemoryRetryQueue
from tests.support.memory.session_key_store import MemorySessionKeyStore
from tests.support.memory.tables import Put, Reason, Tables

# The queue half

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


def random_session(sender_id: str, previous: Session | None, now: float, key: bytes) -> Session:
    session = next_session(sender_id, previous, now, key)
    return replace(session, session_id=str(UUID(int=_random.getrandbits(128))))


def session_of_this_second(
    sender_id: str, previous: Session | None, now: float, key: bytes
) -> Session:
    return replace(next_session(sender_id, previous, now, key), created_at=Decimal(int(now)))


def key_of_its_own(self: MemorySessionKeyStore, candidate: str) -> SessionKeyAnswer:
    """Whoever finds no key makes one, and does not share it."""
    return SessionKeyAnswer(candidate)


def overwrite_key(tables: Tables, key: str) -> bool:
    """The key is put unconditionally."""
    tables.session_key = key
    return True


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


def write_once(self: MessageStorage, units: Sequence[SenderWrite], intake: StoreResult) -> None:
    """One try, and nothing after it."""
    if units and not self._budget.is_over:
        self._write_once(units, intake)


def whatever_is_open(batch: Batch, result: StoreResult) -> Sequence[RejectedRecord]:
    """What is not stored now goes to the dead-letter queue, whichever error it was."""
    return [RejectedRecord(r, "not stored") for r, m in batch.messages if not result.has(m.key)]


def received_ten_times(batch: Batch, result: StoreResult) -> Sequence[RejectedRecord]:
    """So does what is not stored at its tenth receive."""
    rejected = whatever_is_open(batch, result)
    return [each for each in rejected if each.record.receive_count >= 10]


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


# The stream half: turns

_decide = turn.decide
_end_turn = turn_end.end_turn
_newest_uncovered = turn._newest_uncovered
_handed_over = turn_end._handed_over
_failed = turn_end._failed
_read_evidence = MemoryNotificationStore._read_evidence
_read_absence = MemoryNotificationStore._read_absence


def wait_for_nothing(notification: Notification, state: NotificationState, *rest: Any) -> Step:
    """What comes during a turn is dropped."""
    return Step(Status.WAITING, notification, state)


def hand_over_nothing(*args: Any) -> Step:
    step = _handed_over(*args)
    return replace(step, state=replace(step.state, pending=None), wake_at=None)


def always_fresh(*args: Any) -> bool:
    return True


def wake_up_blindly(notification: Notification, facts: Facts, *rest: Any) -> Step | Need:
    """A wake-up takes no look at the turn in the row."""
    if notification.wake_at is not None:
        facts = replace(facts, state=replace(facts.state, turn=None))
    return _decide(notification, facts, *rest)


def look_at_once(**rules: Any) -> TurnRules:
    return TurnRules(**rules | {"outcome_seconds": 0.0})


def show_nothing(self: ChatIndex, sender_id: str, now: float) -> list[Any]:
    """An index that lags for ever."""
    return []


def leave_open_turns(notification: Notification, facts: Facts, *rest: Any) -> Step | Need:
    """Whoever has the turn answers for it, for ever."""
    if facts.state.turn:
        return Step(Status.COVERED, notification, facts.state)
    return _decide(notification, facts, *rest)


def wait_for_no_quiet(
    newest: Notification, woken_by: float | None, state: NotificationState, *rest: Any
) -> float:
    """A new message is due at once, whatever the quiet time."""
    now, rules = rest
    return _due_at(newest, woken_by, state, now, replace(rules, quiet_seconds=0.0))


def wait_from_the_first(
    newest: Notification, woken_by: float | None, state: NotificationState, *rest: Any
) -> float:
    """The quiet time begins with the first message that waits, not with the newest."""
    now, rules = rest
    rules = replace(rules, longest_wait_seconds=rules.quiet_seconds)
    return _due_at(newest, woken_by, state, now, rules)


_due_at = turn._due_at


def long_ago(claim: Turn) -> float:
    return claim.claimed_at - 1000.0


def believe_the_index(state: NotificationState, facts: Facts, *rest: Any) -> Any:
    return _resolve(state, replace(facts, absence=True), *rest)


_resolve = turn._resolve


def by_session(self: MemoryNotificationStore, sender_id: str, since: float) -> NotificationReads:
    """An answer in another session than the claim's is overlooked."""
    row = self._tables.notifications.get(sender_id, NotificationState())
    session_id = row.turn.notification.session_id if row.turn else ""
    replies = self._tables.replies.since(sender_id, since)
    has_replied = any(each.session_id == session_id for each in replies)
    return NotificationReads(
        evidence={sender_id: has_replied}, absence={sender_id: not has_replied}
    )


def pending_moves_back(self: NotificationState, notification: Notification) -> NotificationState:
    return replace(self, pending=Pending(notification.stripped(), notification.stored_at))


def pending_covers(
    notification: Notification, state: NotificationState, *rest: Any
) -> Notification | None:
    if state.pending and notification.wake_at is None:
        state = state.covered_through(state.pending.notification.stored_at)
    return _newest_uncovered(notification, state, *rest)


def save_blindly(row: NotificationState | None, change: StateChange) -> bool:
    return True


def save_nothing(self: MemoryNotificationStore, changes: Sequence[StateChange]) -> SaveResult:
    return SaveResult(saved={each.sender_id for each in changes})


def three_seconds(reply_timeout: float) -> float:
    return 3.0


def lose_some(self: Any, process: Any, now: float, notification: Notification) -> None:
    """Every third wake-up is accepted and never comes."""
    if next(_numbers) % 3:
        _schedule(self, process, now, notification)


_schedule = MemoryRetryQueue._schedule


def fail_without_delay(
    notification: Notification,
    ended: NotificationState,
    end: PostEnd,
    wake_at: float,
    rules: TurnRules,
) -> Step:
    return _failed(notification, ended, end, ended.turn_ended_at, rules)


def limited_by_anybody_since(session: Session, moment: float) -> bool:
    return is_limited_since(replace(session, paused_until=None), moment)


def forget_failures(notification: Notification, ended: NotificationState, *rest: Any) -> Step:
    return Step(Status.SCHEDULED, notification, ended)


def acknowledge_all(records: Any, context: Any, dependencies: Any) -> list[str]:
    stream_handler.handle_retries(records, context, dependencies)
    return []


def take_unknown_for_undelivered(state: Any, end: PostEnd, *rest: Any) -> Step:
    is_unknown = end.outcome is Outcome.UNKNOWN
    return _end_turn(state, PostEnd(Outcome.CANNOT_DELIVER_NOW) if is_unknown else end, *rest)


def take_failures_for_accepted(state: Any, end: PostEnd, *rest: Any) -> Step:
    is_failed = end.outcome is Outcome.CANNOT_DELIVER_NOW
    return _end_turn(state, PostEnd(Outcome.ACCEPTED) if is_failed else end, *rest)


def without_through(notification: Notification, facts: Facts, *rest: Any) -> Step | Need:
    state = replace(facts.state, notified_through=Decimal(0))
    return _decide(notification, replace(facts, state=state), *rest)


def never_too_late(self: Notifier) -> bool:
    return False


def no_seconds(self: Notifier, steps: int) -> float:
    return 0.0


def do_nothing(*args: Any) -> None:
    pass


def postpone_nothing(self: Notifier, left: Sequence[Notification], until: float = 0.0) -> set[str]:
    """What there is no time for is said to be scheduled."""
    return {each.sender_id for each in left}


def swallow(records: Any, context: Any, dependencies: Any) -> None:
    with suppress(NotHandled):
        stream_handler.handle_stream(records, context, dependencies)


def oldest_per_sender(notifications: Iterable[Notification]) -> dict[str, Notification]:
    oldest: dict[str, Notification] = {}
    for each in notifications:
        oldest.setdefault(each.sender_id, each)
    return oldest


# The intake

_send = Intake._send
_ids = queue_message._ids


def answer_without_queueing(self: Intake, request: Any, budget: RetryBudget) -> Answer:
    return QUEUED


def answer_whatever_happens(self: Intake, request: Any, budget: RetryBudget) -> Answer:
    _send(self, request, budget)
    return QUEUED


def sid_alone(parsed: Parsed, digest: str) -> tuple[str, str, str]:
    group, deduplication, sid = _ids(parsed, digest)
    return group, sid or deduplication, sid


def random_deduplication(parsed: Parsed, digest: str) -> tuple[str, str, str]:
    group, _, sid = _ids(parsed, digest)
    return group, str(next(_numbers)), sid


def body_alone(parsed: Parsed, digest: str) -> tuple[str, str, str]:
    """The fallback's body says why it is called, and so is another one."""
    group, _, sid = _ids(parsed, digest)
    return group, digest, sid


def group_of_its_own(parsed: Parsed, digest: str) -> tuple[str, str, str]:
    _, deduplication, sid = _ids(parsed, digest)
    return digest, deduplication, sid


def budget_without_end(context: Any, dependencies: IntakeDependencies) -> RetryBudget:
    runtime = dependencies.runtime
    return RetryBudget(lambda: 1000.0, 0.0, runtime.sleep, runtime.random)
