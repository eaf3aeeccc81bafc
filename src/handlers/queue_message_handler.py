"""Queue records become chats in their senders' sessions.

The batch path, and the same path for those who call it from a script: process_message
is a batch of one sender. Everything works through ports, which `wiring` fills when the
caller gives none; a script's have the tables only.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import wiring
from domain.batches import Arrival, Batch, Rejected, sort_batch, with_tails
from domain.chats import InboundMessage, message_from_dict
from domain.errors import NotStored
from domain.intake import Conversations, Intake
from domain.patience import Patience
from domain.records import QueueRecord
from domain.sessions import ACTIVE, Session
from handlers.arguments import require_sender_id, require_text
from metrics import embedded


def handle_batch(
    records: Iterable[QueueRecord], context: object = None, side: wiring.QueueSide | None = None
) -> list[str]:
    """Store a batch; gives the ids of the records that SQS shall bring again.

    A record that is not among them is stored, a status callback, or in the
    dead-letter queue.
    """
    side = side or wiring.queue_side()
    patience = side.surroundings.patience(context)
    storing = side.surroundings.patience(context, calls_behind=1)  # leaves time to quarantine
    records = list(records)
    batch = sort_batch(each for each in records if each.id)
    intake = _conversations(side, storing).take_in(batch.by_sender())
    lost = _lost_causes(batch.arrivals, intake, side)
    # After the storing: a dead-letter queue that is down costs the good messages no time.
    kept = set(_quarantine([*batch.malformed, *lost], patience, side))
    stuck = [each.record.id for each in batch.malformed if each.record.id in kept]
    gone = {each.record.id for each in lost} - kept
    nameless = [each.id for each in records if not each.id]  # makes SQS bring the whole batch
    failed = stuck + with_tails(batch.arrivals, _unsettled(batch, intake) - gone) + nameless
    _log_batch(batch, intake, failed, len(batch.malformed) - len(stuck) + len(gone), side)
    return failed


def get_or_create_session(sender_id: str, side: wiring.ConversationSide | None = None) -> str:
    """Give the id of the sender's active session, opening one when there is none.

    `sender_id` is what chats have, the address without channel and plus. Raises ValueError
    for anything else, NotStored when the store could not be asked.
    """
    require_sender_id(sender_id)
    side = side or wiring.conversation_side()
    intake = _conversations(side, side.surroundings.patience()).take_in({sender_id: []})
    if sender_id not in intake.sessions:
        raise NotStored([], intake.problems)
    return intake.sessions[sender_id].session_id


def store_chat_messages(
    session_id: str,
    sender_id: str,
    messages: Sequence[Mapping[str, Any]],
    side: wiring.ConversationSide | None = None,
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
    side = side or wiring.conversation_side()
    inbound = _read_dicts(sender_id, messages, side)
    if not inbound:
        return 0
    session = Session(session_id, sender_id, ACTIVE, Decimal(0))
    intake = _conversations(side, side.surroundings.patience()).put(session, inbound)
    return _stored_count(inbound, intake)


def process_message(
    sender_id: str,
    messages: Sequence[Mapping[str, Any]],
    side: wiring.ConversationSide | None = None,
) -> int:
    """Store one sender's messages in the active session, or a new one; gives how many were new.

    Takes and raises what store_chat_messages does: a message without any Sid needs
    `metadata.message_id` from the caller. Without messages no session is opened.
    """
    require_sender_id(sender_id)
    side = side or wiring.conversation_side()
    inbound = _read_dicts(sender_id, messages, side)
    if not inbound:
        return 0
    conversations = _conversations(side, side.surroundings.patience())
    return _stored_count(inbound, conversations.take_in({sender_id: inbound}))


def _conversations(side: wiring.ConversationSide, patience: Patience) -> Conversations:
    return Conversations(side.conversations, side.cache, side.surroundings.clock, patience)


def _read_dicts(
    sender_id: str, messages: Sequence[Mapping[str, Any]], side: wiring.ConversationSide
) -> list[InboundMessage]:
    """Messages in order; those without a place follow each other from now on."""
    now = Decimal(f"{side.surroundings.clock():.6f}")
    step = Decimal("0.000001")
    inbound = [message_from_dict(each, now + step * n) for n, each in enumerate(messages)]
    if any(message.sender_id != sender_id for message in inbound):
        raise ValueError("sender_id is not the sender of every message")
    unique = {message.message_id: message for message in reversed(inbound)}
    return sorted(unique.values(), key=lambda message: message.created_at)


def _stored_count(messages: Sequence[InboundMessage], intake: Intake) -> int:
    missing = [m.message_id for m in messages if not intake.settles(m.key)]
    if missing:
        raise NotStored(missing, [*intake.problems, *intake.refused.values()])
    return len(intake.stored)


def _quarantine(
    rejected: Sequence[Rejected], patience: Patience, side: wiring.QueueSide
) -> list[str]:
    """Send to the dead-letter queue; gives the ids of those that did not get there.

    One try is made however little time is left: after its last receive a message that
    our hand did not move is moved by SQS, and then without its reason and its place.
    """
    left = list(rejected)
    while left:
        arrived = side.dead_letters.quarantine(left)
        for each in (each for each in left if each.record.id in arrived):
            side.log.warning("message quarantined", reason=each.reason, record_id=each.record.id)
        left = [each for each in left if each.record.id not in arrived]
        if left and not patience.pause():
            break
    return [each.record.id for each in left]


def _unsettled(batch: Batch, intake: Intake) -> set[str]:
    return {a.record.id for a in batch.arrivals if not intake.settles(a.message.key)}


def _lost_causes(
    arrivals: Sequence[Arrival], intake: Intake, side: wiring.QueueSide
) -> list[Rejected]:
    """Messages refused for good, or at their last receive: by our hand they keep their place."""
    open_ = [each for each in arrivals if not intake.settles(each.message.key)]
    return [
        Rejected(each.record, _reason(each, intake))
        for each in open_
        if each.message.key in intake.refused or each.record.receive_count >= side.max_receive_count
    ]


def _reason(arrival: Arrival, intake: Intake) -> str:
    if arrival.message.key in intake.refused:
        return f"the table refuses it: {intake.refused[arrival.message.key]}"
    why = ", ".join(sorted(set(intake.problems))) or "out of time"
    return f"not stored after {arrival.record.receive_count} receives: {why}"


def _log_batch(
    batch: Batch, intake: Intake, failed: Sequence[str], quarantined: int, side: wiring.QueueSide
) -> None:
    for session in intake.opened:
        side.log.info("session opened", sender=session.sender_id, session_id=session.session_id)
    for arrival in batch.arrivals:
        for warning in arrival.message.parsed.metadata.get("warnings", ()):
            side.log.warning(
                "part of a message dropped", warning=warning, message_id=arrival.message.message_id
            )
    problems = sorted(set(intake.problems))
    if failed or problems:
        side.log.warning("batch had problems", failed=len(failed), problems=problems)
    side.log.measure("batch handled", _measures(batch, intake, len(failed), quarantined, side))


def _measures(
    batch: Batch, intake: Intake, failed: int, quarantined: int, side: wiring.QueueSide
) -> dict[str, Any]:
    now = side.surroundings.clock()
    counts = {
        "Received": len(batch.arrivals) + len(batch.callbacks) + len(batch.malformed),
        "Stored": len(intake.stored),
        "Duplicates": len(intake.duplicates),
        "Callbacks": len(batch.callbacks),
        "Quarantined": quarantined,
        "Failed": failed,
        "SessionsOpened": len(intake.opened),
    }
    stored = [a.message for a in batch.arrivals if a.message.key in intake.stored]
    waits = [1000 * (now - float(message.created_at)) for message in stored]
    return embedded(counts, {"QueueToStored": waits}, int(now * 1000))
