"""Queue records become chats in their senders' sessions.

The batch path, and the same path for those who call it from a script: process_message
is a batch of one sender. Everything works through ports, which `container` fills when the
caller gives none; a script's have the tables only.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import container
from consumer.conversation.batch import Batch, RejectedRecord, sort_batch, with_blocked
from consumer.conversation.chat import message_from_dict
from consumer.conversation.quarantine import quarantine, undeliverable
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.session import ACTIVE, Session
from consumer.conversation.store_messages import MessageStorage, StoreResult
from consumer.errors import NotStored
from consumer.masking import mask
from consumer.metrics import QueueMetric, embedded
from consumer.retry_budget import RetryBudget
from consumer.webhook.message import InboundMessage
from handlers.arguments import require_sender_id, require_text
from handlers.message_log import log_not_stored, log_received


def handle_batch(
    records: Iterable[QueueRecord],
    context: object = None,
    dependencies: container.QueueDependencies | None = None,
) -> list[str]:
    """Store a batch; gives the ids of the records that SQS shall bring again.

    A record that is not among them is stored, a status callback, or in the
    dead-letter queue.
    """
    dependencies = dependencies or container.queue_dependencies()
    budget = dependencies.runtime.budget(context)
    storing = dependencies.runtime.budget(context, calls_behind=1)  # leaves time to quarantine
    records = list(records)
    batch = sort_batch(each for each in records if each.id)
    result = _storage(dependencies, storing).store(batch.by_sender())
    lost = undeliverable(batch, result)
    # After the storing: a dead-letter queue that is down costs the good messages no time.
    rejected = [*batch.malformed, *lost]
    moved = quarantine(rejected, dependencies.dead_letters, budget)
    stuck = [each.record.id for each in batch.malformed if each.record.id not in moved]
    not_stored = {r.id for r, message in batch.messages if not result.has(message.key)}
    nameless = [each.id for each in records if not each.id]  # makes SQS bring the whole batch
    failed = stuck + with_blocked(batch.messages, not_stored - moved) + nameless
    _log_batch(batch, result, [r for r in rejected if r.record.id in moved], failed, dependencies)
    return failed


def get_or_create_session(
    sender_id: str, dependencies: container.ConversationDependencies | None = None
) -> str:
    """Give the id of the sender's active session, opening one when there is none.

    `sender_id` is what chats have, the address without channel and plus. Raises ValueError
    for anything else, NotStored when the store could not be asked.
    """
    require_sender_id(sender_id)
    dependencies = dependencies or container.conversation_dependencies()
    result = _storage(dependencies, dependencies.runtime.budget()).store({sender_id: []})
    if sender_id not in result.sessions:
        raise NotStored([], result.problems)
    return result.sessions[sender_id].session_id


def store_chat_messages(
    session_id: str,
    sender_id: str,
    messages: Sequence[Mapping[str, Any]],
    dependencies: container.ConversationDependencies | None = None,
) -> int:
    """Store `parse_message_body`'s messages of one sender in a session; gives how many were new.

    One that is stored stays as it was. `created_at` beside a message (epoch seconds) is
    its place; without it, now. Raises ValueError for what is no inbound message of this
    sender, what no table can hold and what is no id, NotStored when some are not known to
    be stored. A message whose body named no Sid needs a `metadata.message_id` of the
    caller's choice, the same at every call.
    """
    require_sender_id(sender_id)
    require_text(session_id=session_id)
    dependencies = dependencies or container.conversation_dependencies()
    inbound = _read_dicts(sender_id, messages, dependencies)
    if not inbound:
        return 0
    session = Session(session_id, sender_id, ACTIVE, Decimal(0))
    result = _storage(dependencies, dependencies.runtime.budget()).store_in(session, inbound)
    return _stored_count(inbound, result)


def process_message(
    sender_id: str,
    messages: Sequence[Mapping[str, Any]],
    dependencies: container.ConversationDependencies | None = None,
) -> int:
    """Store one sender's messages in the active session, or a new one; gives how many were new.

    Takes and raises what store_chat_messages does: a message without any Sid needs
    `metadata.message_id` from the caller. Without messages no session is opened.
    """
    require_sender_id(sender_id)
    dependencies = dependencies or container.conversation_dependencies()
    inbound = _read_dicts(sender_id, messages, dependencies)
    if not inbound:
        return 0
    conversations = _storage(dependencies, dependencies.runtime.budget())
    return _stored_count(inbound, conversations.store({sender_id: inbound}))


def _storage(
    dependencies: container.ConversationDependencies, budget: RetryBudget
) -> MessageStorage:
    return MessageStorage(
        dependencies.conversations,
        dependencies.cache,
        dependencies.runtime.clock,
        budget,
        dependencies.session_key,
    )


def _read_dicts(
    sender_id: str,
    messages: Sequence[Mapping[str, Any]],
    dependencies: container.ConversationDependencies,
) -> list[InboundMessage]:
    """Messages in order; those without a place follow each other from now on."""
    now = Decimal(f"{dependencies.runtime.clock():.6f}")
    step = Decimal("0.000001")
    inbound = [message_from_dict(each, now + step * n) for n, each in enumerate(messages)]
    if any(message.sender_id != sender_id for message in inbound):
        raise ValueError("sender_id is not the sender of every message")
    unique = {message.message_id: message for message in reversed(inbound)}
    return sorted(unique.values(), key=lambda message: message.created_at)


def _stored_count(messages: Sequence[InboundMessage], result: StoreResult) -> int:
    missing = [m.message_id for m in messages if not result.has(m.key)]
    if missing:
        raise NotStored(missing, [*result.problems, *result.refused.values()])
    return len(result.stored)


def _log_batch(
    batch: Batch,
    result: StoreResult,
    quarantined: Sequence[RejectedRecord],
    failed: Sequence[str],
    dependencies: container.QueueDependencies,
) -> None:
    log = dependencies.log
    for session in result.opened:
        log.info("session opened", sender=mask(session.sender_id), session_id=session.session_id)
    for _, message in batch.messages:
        for warning in message.metadata.get("warnings", ()):
            log.warning("part of a message dropped", warning=warning, message_id=message.message_id)
    log_received(log, batch, result)
    log_not_stored(log, batch, quarantined, set(failed))
    problems = sorted(set(result.problems))
    if failed or problems:
        log.warning("batch had problems", failed=len(failed), problems=problems)
    counts: dict[str, int] = {
        QueueMetric.RECEIVED: len(batch.messages) + len(batch.callbacks) + len(batch.malformed),
        QueueMetric.STORED: len(result.stored),
        QueueMetric.DUPLICATES: len(result.duplicates),
        QueueMetric.CALLBACKS: len(batch.callbacks),
        QueueMetric.QUARANTINED: len(quarantined),
        QueueMetric.FAILED: len(failed),
        QueueMetric.SESSIONS_OPENED: len(result.opened),
    }
    now = dependencies.runtime.clock()
    stored = [m for _, m in batch.messages if m.key in result.stored]
    waits = [1000 * (now - float(message.created_at)) for message in stored]
    log.measure(
        "batch handled", embedded(counts, {QueueMetric.QUEUE_TO_STORED: waits}, int(now * 1000))
    )
