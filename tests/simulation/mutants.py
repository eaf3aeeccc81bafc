"""Deliberately broken cores: proof that the proof can fail.

Each takes away one rule. The simulation has to notice every one of them within
`MOST_HISTORIES`, by the guarantee that the rule is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import consumer.conversation.store_messages
import consumer.intake.queue_message
import consumer.notification.notifier
import handlers.intake_handler as intake_handler
import handlers.queue_message_handler as queue_handler
import tests.simulation.containers as containers
import tests.support.memory.conversation_store as conversation_store
import tests.support.memory.notification_store as notification_store
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.store_messages import MessageStorage
from consumer.intake.intake import Intake
from consumer.notification import notifier, open_turns, turn, turn_end
from consumer.notification.notifier import Notifier
from consumer.notification.state import NotificationState
from consumer.webhook import envelope, parse
from container import Runtime
from tests.simulation import mutant_rules, outside, pausing, settings, stream_mapping
from tests.simulation.swap import Swap
from tests.support.memory.index import ChatIndex
from tests.support.memory.notification_store import MemoryNotificationStore
from tests.support.memory.queue_ports import MemoryRetryQueue
from tests.support.memory.session_key_store import MemorySessionKeyStore
from tests.support.memory.tables import PutChat, PutSession, Tables

MOST_HISTORIES = 2000


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is broken, how, and the guarantee that no longer holds.

    `needs_long_outage`: only histories with an outage of hours can show it.
    """

    name: str
    guarantee: str
    swaps: Sequence[Swap]
    needs_long_outage: bool = False


MUTANTS = [
    Mutant(
        "a later message does not wait for an earlier one",
        "G3",
        [
            Swap(MessageStorage, "_write", mutant_rules.write_each_alone),
            Swap(queue_handler, "with_blocked", mutant_rules.only_failed),
        ],
    ),
    Mutant(
        "sessions are created unconditionally",
        "G4",
        [Swap(Tables, "_check", mutant_rules.overwrite(PutSession))],
    ),
    Mutant(
        "session ids are random",
        "G4",
        [Swap(consumer.conversation.store_messages, "next_session", mutant_rules.random_session)],
    ),
    Mutant(
        "each container has a session key of its own",
        "G4",
        [Swap(MemorySessionKeyStore, "create", mutant_rules.key_of_its_own)],
    ),
    Mutant(
        "the session key is put unconditionally",
        "G4",
        [Swap(Tables, "put_session_key", mutant_rules.overwrite_key)],
    ),
    Mutant(
        "a session is as old as its second, whatever came before",
        "G4",
        [
            Swap(
                consumer.conversation.store_messages,
                "next_session",
                mutant_rules.session_of_this_second,
            )
        ],
    ),
    Mutant(
        "the index is believed without a consistent read",
        "G4",
        [Swap(consumer.conversation.store_messages, "_unconfirmed", mutant_rules.trust_the_index)],
    ),
    Mutant(
        "chats are put unconditionally",
        "G2",
        [Swap(Tables, "_check", mutant_rules.overwrite(PutChat))],
    ),
    Mutant(
        "the place is the moment of reading",
        "G3",
        [Swap(QueueRecord, "created_at", property(mutant_rules.moment_of_reading))],
    ),
    Mutant(
        "unanswered keys count as absent",
        "G4",
        [Swap(MessageStorage, "_read", mutant_rules.take_unanswered_for_absent)],
    ),
    Mutant(
        "everything is acknowledged",
        "G1",
        [Swap(queue_handler, "with_blocked", mutant_rules.nothing_failed)],
    ),
    Mutant(
        "a quarantine that failed is not reported",
        "G1",
        [Swap(queue_handler, "quarantine", mutant_rules.everything_arrived)],
    ),
    Mutant(
        "receives are counted as tries",
        "G5",
        [Swap(queue_handler, "undeliverable", mutant_rules.received_ten_times)],
    ),
    Mutant(
        "SQS gives up on a message after ten receives",
        "G1",
        [Swap(settings, "DEPLOYED_RECEIVES", 10)],
        needs_long_outage=True,
    ),
    Mutant(
        "SQS gives up on a retry record after five receives",
        "G6",
        [Swap(outside, "DEPLOYED_RECEIVES", 5)],
        needs_long_outage=True,
    ),
    Mutant(
        "stream records are discarded after six hours",
        "G6",
        [Swap(stream_mapping, "OLDEST_RECORD_SECONDS", 21_600)],
        needs_long_outage=True,
    ),
    Mutant(
        "bad bodies are quarantined before the good ones are stored",
        "G5",
        [Swap(containers, "handle_batch", mutant_rules.quarantine_first)],
    ),
    Mutant(
        "storing leaves no time to quarantine",
        "time",
        [Swap(Runtime, "budget", mutant_rules.budget_without_margin)],
    ),
    Mutant(
        "bad input raises",
        "G5",
        [Swap(queue_handler, "sort_batch", mutant_rules.raise_over_bad_input)],
    ),
    Mutant(
        "a MessageStatus makes a callback, whatever it says",
        "G1",
        [Swap(parse, "_is_callback", mutant_rules.callback_by_presence)],
    ),
    Mutant(
        "an envelope is not opened",
        "G5",
        [Swap(envelope, "_open_json", mutant_rules.no_json)],
    ),
    Mutant(
        "JSON is read as a form",
        "G5",
        [Swap(parse, "open_body", mutant_rules.form_of_anything)],
    ),
    Mutant(
        "whatever names a sender is a message",
        "G5",
        [Swap(parse, "why_no_message", mutant_rules.message_of_any_sender)],
    ),
    Mutant(
        "a redriven message is quarantined again",
        "G5",
        [Swap(queue_handler, "sort_batch", mutant_rules.only_first_places)],
    ),
    Mutant(
        "what the first try leaves open goes to the dead-letter queue",
        "G5",
        [
            Swap(MessageStorage, "_write", mutant_rules.write_once),
            Swap(queue_handler, "undeliverable", mutant_rules.whatever_is_open),
        ],
    ),
    Mutant(
        "what is not stored at its first receive goes to the dead-letter queue",
        "G5",
        [Swap(queue_handler, "undeliverable", mutant_rules.whatever_is_open)],
    ),
    Mutant(
        "what was stored when is taken from the place in the queue",
        "G6",
        [Swap(conversation_store, "chat_item", mutant_rules.stored_when_queued)],
    ),
    Mutant(
        "a webhook is answered before the queue has it",
        "G1",
        [Swap(Intake, "_send", mutant_rules.answer_without_queueing)],
    ),
    Mutant(
        "a failed send is answered like a good one",
        "G1",
        [Swap(Intake, "_send", mutant_rules.answer_whatever_happens)],
    ),
    Mutant(
        "callbacks have the deduplication id of their message",
        "G1",
        [Swap(consumer.intake.queue_message, "_ids", mutant_rules.sid_alone)],
    ),
    Mutant(
        "a webhook has no deduplication id of its own",
        "G2",
        [Swap(consumer.intake.queue_message, "_ids", mutant_rules.random_deduplication)],
    ),
    Mutant(
        "a call of the fallback is another message",
        "G2",
        [Swap(consumer.intake.queue_message, "_ids", mutant_rules.body_alone)],
    ),
    Mutant(
        "each webhook has a group of its own",
        "G3",
        [Swap(consumer.intake.queue_message, "_ids", mutant_rules.group_of_its_own)],
    ),
    Mutant(
        "the intake tries on as long as Lambda lets it",
        "time",
        [Swap(intake_handler, "_budget", mutant_rules.budget_without_end)],
    ),
    Mutant(
        "the transactions of a large write share a moment",
        "G6",
        [Swap(conversation_store, "MOMENT_SECONDS", Decimal(0))],
    ),
    Mutant(
        "what comes during a turn is not pending",
        "G6",
        [Swap(turn, "_wait", mutant_rules.wait_for_nothing)],
    ),
    Mutant(
        "a turn ends without a look at what is pending",
        "G9",
        [Swap(turn_end, "_handed_over", mutant_rules.hand_over_nothing)],
    ),
    Mutant(
        "a turn covers only what its own batch held",
        "G9",
        [Swap(turn, "_is_fresh", mutant_rules.always_fresh)],
    ),
    Mutant(
        "a POST does not wait for the quiet time",
        "G9",
        [Swap(turn, "_due_at", mutant_rules.wait_for_no_quiet)],
    ),
    Mutant(
        "the quiet time begins with the first message that waits",
        "G9",
        [Swap(turn, "_due_at", mutant_rules.wait_from_the_first)],
    ),
    Mutant(
        "a wake-up does not look at the turn",
        "G9",
        [Swap(notifier, "decide", mutant_rules.wake_up_blindly)],
    ),
    Mutant(
        "the evidence is looked at too early",
        "G7",
        [Swap(containers, "TurnRules", mutant_rules.look_at_once)],
    ),
    Mutant(
        "the evidence is looked for in the claim's session only",
        "G7",
        [
            Swap(MemoryNotificationStore, "_read_evidence", mutant_rules.by_session),
            Swap(MemoryNotificationStore, "_read_absence", mutant_rules.by_session),
        ],
    ),
    Mutant(
        "a pause is taken for evidence",
        "G6",
        [Swap(notification_store, "is_limited_since", mutant_rules.limited_by_anybody_since)],
    ),
    Mutant(
        "a pause is lifted and nobody is told",
        "G6",
        [Swap(pausing.Pausing, "_queue_newest", mutant_rules.do_nothing)],
    ),
    Mutant(
        "the answer of an older turn counts for this one",
        "G6",
        [Swap(turn, "claim_second", mutant_rules.long_ago)],
    ),
    Mutant(
        "absence is believed of an index",
        "G7",
        [Swap(turn, "_resolve", mutant_rules.believe_the_index)],
    ),
    Mutant(
        "pending moves backwards",
        "G6",
        [
            Swap(NotificationState, "with_pending", mutant_rules.pending_moves_back),
            Swap(ChatIndex, "newest", mutant_rules.show_nothing),
        ],
    ),
    Mutant(
        "pending counts as covered",
        "G6",
        [Swap(turn, "_newest_uncovered", mutant_rules.pending_covers)],
    ),
    Mutant(
        "a claim has no end",
        "G6",
        [Swap(notifier, "decide", mutant_rules.leave_open_turns)],
    ),
    Mutant(
        "a row is written whoever has written it since, another's turn ended with it",
        "G9",
        [Swap(notification_store, "may_save", mutant_rules.save_blindly)],
    ),
    Mutant(
        "nothing is claimed before a POST",
        "G9",
        [Swap(MemoryNotificationStore, "save", mutant_rules.save_nothing)],
    ),
    Mutant(
        "a POST outlasts its claim",
        "G9",
        [Swap(containers, "open_seconds", mutant_rules.three_seconds)],
    ),
    Mutant(
        "a wake-up is lost",
        "G6",
        [Swap(MemoryRetryQueue, "_schedule", mutant_rules.lose_some)],
    ),
    Mutant(
        "a failed turn is handed over without delay",
        "G9",
        [Swap(turn_end, "_failed", mutant_rules.fail_without_delay)],
    ),
    Mutant(
        "a wake-up is acknowledged before its successor is sent",
        "G6",
        [Swap(containers, "handle_retries", mutant_rules.acknowledge_all)],
    ),
    Mutant(
        "an unknown outcome is sent again without a look",
        "G7",
        [Swap(open_turns, "end_turn", mutant_rules.take_unknown_for_undelivered)],
    ),
    Mutant(
        "what an accepted POST has covered is not looked at",
        "G7",
        [Swap(notifier, "decide", mutant_rules.without_through)],
    ),
    Mutant(
        "a POST is begun however late it is, and no time is kept for what follows",
        "time",
        [
            Swap(Notifier, "_is_too_late", mutant_rules.never_too_late),
            Swap(Notifier, "_seconds", mutant_rules.no_seconds),
        ],
    ),
    Mutant(
        "what there was no time for is forgotten",
        "G6",
        [Swap(Notifier, "_postpone", mutant_rules.postpone_nothing)],
    ),
    Mutant(
        "a known failure counts as accepted",
        "G6",
        [Swap(open_turns, "end_turn", mutant_rules.take_failures_for_accepted)],
    ),
    Mutant(
        "a known failure is forgotten",
        "G6",
        [Swap(turn_end, "_failed", mutant_rules.forget_failures)],
    ),
    Mutant(
        "the notifier answers although it has not handled everything",
        "G6",
        [Swap(containers, "handle_stream", mutant_rules.swallow)],
    ),
    Mutant(
        "of a sender's notifications the oldest is delivered",
        "G6",
        [Swap(notifier, "newest_per_sender", mutant_rules.oldest_per_sender)],
    ),
]
