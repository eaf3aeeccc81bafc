"""Deliberately broken cores: proof that the proof can fail.

Each takes away one rule. The simulation has to notice every one of them within
`MOST_HISTORIES`, by the guarantee that the rule is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import consumer.conversation.store_messages
import consumer.notification.notifier
import handlers.queue_message_handler as queue_handler
import tests.simulation.containers as containers
import tests.support.memory.conversation_store as conversation_store
import tests.support.memory.notification_store as notification_store
import tests.support.memory.queue_ports as queue_ports
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.store_messages import MessageStorage
from consumer.notification.deferral import Deferral
from consumer.notification.notifier import Notifier
from consumer.webhook import envelope, parse
from container import Runtime
from tests.simulation import mutant_rules
from tests.simulation.swap import Swap
from tests.support.memory.tables import PutChat, PutSession, Tables

MOST_HISTORIES = 2000


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is broken, how, and the guarantee that no longer holds."""

    name: str
    guarantee: str
    swaps: Sequence[Swap]


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
        "the last receive is left to SQS",
        "G1",
        [Swap(queue_handler, "undeliverable", mutant_rules.only_refused)],
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
        "nothing is claimed before a POST",
        "G7",
        [Swap(Notifier, "_claim", mutant_rules.claim_nothing)],
    ),
    Mutant(
        "a scheduled copy does not name the claim that failed",
        "G6",
        [Swap(queue_ports, "retry_body", mutant_rules.takes_over_nothing)],
    ),
    Mutant(
        "an unknown outcome is sent again",
        "G7",
        [Swap(Notifier, "_weigh", mutant_rules.take_unknown_for_undelivered)],
    ),
    Mutant(
        "a POST that may be under way is not waited for before another",
        "G7",
        [Swap(Notifier, "_may_be_under_way", mutant_rules.never_under_way)],
    ),
    Mutant(
        "what an accepted POST has covered is not looked at",
        "G7",
        [
            Swap(consumer.notification.notifier, "delivery_status", mutant_rules.without_through),
            Swap(notification_store, "may_claim", mutant_rules.may_claim_again),
        ],
    ),
    Mutant(
        "a scheduled copy takes over any claim",
        "G7",
        [
            Swap(consumer.notification.notifier, "delivery_status", mutant_rules.status_by_attempt),
            Swap(notification_store, "may_claim", mutant_rules.may_claim_by_attempt),
        ],
    ),
    Mutant(
        "the transactions of a large write share a moment",
        "G6",
        [Swap(conversation_store, "MOMENT_SECONDS", Decimal(0))],
    ),
    Mutant(
        "what was notified is not noted", "G7", [Swap(Notifier, "_settle", mutant_rules.do_nothing)]
    ),
    Mutant(
        "scheduling retries leaves no time to release claims",
        "time",
        [Swap(Deferral, "seconds", mutant_rules.no_time_for_steps)],
    ),
    Mutant(
        "a POST is begun however late it is",
        "time",
        [Swap(Notifier, "_is_too_late", mutant_rules.never_too_late)],
    ),
    Mutant(
        "a notification whose claim has no answer is forgotten",
        "G6",
        [Swap(Notifier, "_notify_round", mutant_rules.forget_the_unclear)],
    ),
    Mutant(
        "a known failure is settled", "G6", [Swap(Notifier, "_weigh", mutant_rules.settle_failures)]
    ),
    Mutant(
        "a known failure is forgotten",
        "G6",
        [Swap(Notifier, "_weigh", mutant_rules.forget_failures)],
    ),
    Mutant(
        "claims are never released",
        "G6",
        [Swap(Deferral, "_give_back", mutant_rules.do_nothing)],
    ),
    Mutant(
        "the notifier answers although it has not handled everything",
        "G6",
        [Swap(containers, "handle_stream", mutant_rules.swallow)],
    ),
    Mutant(
        "of a sender's notifications the oldest is delivered",
        "G6",
        [Swap(consumer.notification.notifier, "newest_per_sender", mutant_rules.oldest_per_sender)],
    ),
]
