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
import tests.simulation.sides as sides
import tests.world.conversations as conversations
import tests.world.notifications as notifications
import tests.world.queue_ports as queue_ports
from consumer.conversation.queue_record import QueueRecord
from consumer.conversation.store_messages import MessageStorage
from consumer.notification.deferral import Deferral
from consumer.notification.notifier import Notifier
from container import Runtime
from tests.simulation import broken
from tests.simulation.swap import Swap
from tests.world.tables import PutChat, PutSession, Tables

MOST_HISTORIES = 2000


@dataclass(frozen=True, slots=True)
class Variant:
    """What is broken, how, and the guarantee that no longer holds."""

    name: str
    guarantee: str
    swaps: Sequence[Swap]


VARIANTS = [
    Variant(
        "a later message does not wait for an earlier one",
        "G3",
        [
            Swap(MessageStorage, "_write", broken.write_each_alone),
            Swap(queue_handler, "with_blocked", broken.only_failed),
        ],
    ),
    Variant(
        "sessions are created unconditionally",
        "G4",
        [Swap(Tables, "_check", broken.overwrite(PutSession))],
    ),
    Variant(
        "session ids are random",
        "G4",
        [Swap(consumer.conversation.store_messages, "next_session", broken.random_session)],
    ),
    Variant(
        "a session is as old as its second, whatever came before",
        "G4",
        [Swap(consumer.conversation.store_messages, "next_session", broken.session_of_this_second)],
    ),
    Variant(
        "the index is believed without a consistent read",
        "G4",
        [Swap(consumer.conversation.store_messages, "_unconfirmed", broken.trust_the_index)],
    ),
    Variant(
        "chats are put unconditionally", "G2", [Swap(Tables, "_check", broken.overwrite(PutChat))]
    ),
    Variant(
        "the place is the moment of reading",
        "G3",
        [Swap(QueueRecord, "created_at", property(broken.moment_of_reading))],
    ),
    Variant(
        "unanswered keys count as absent",
        "G4",
        [Swap(MessageStorage, "_read", broken.take_unanswered_for_absent)],
    ),
    Variant(
        "everything is acknowledged",
        "G1",
        [Swap(queue_handler, "with_blocked", broken.nothing_failed)],
    ),
    Variant(
        "a quarantine that failed is not reported",
        "G1",
        [Swap(queue_handler, "quarantine", broken.everything_arrived)],
    ),
    Variant(
        "the last receive is left to SQS",
        "G1",
        [Swap(queue_handler, "undeliverable", broken.only_refused)],
    ),
    Variant(
        "bad bodies are quarantined before the good ones are stored",
        "G5",
        [Swap(sides, "handle_batch", broken.quarantine_first)],
    ),
    Variant(
        "storing leaves no time to quarantine",
        "time",
        [Swap(Runtime, "budget", broken.patience_to_the_end)],
    ),
    Variant(
        "bad input raises", "G5", [Swap(queue_handler, "sort_batch", broken.raise_over_bad_input)]
    ),
    Variant(
        "a redriven message is quarantined again",
        "G5",
        [Swap(queue_handler, "sort_batch", broken.only_first_places)],
    ),
    Variant(
        "what the first try leaves open goes to the dead-letter queue",
        "G5",
        [
            Swap(MessageStorage, "_write", broken.write_once),
            Swap(queue_handler, "undeliverable", broken.whatever_is_open),
        ],
    ),
    Variant(
        "what is not stored at its first receive goes to the dead-letter queue",
        "G5",
        [Swap(queue_handler, "undeliverable", broken.whatever_is_open)],
    ),
    Variant(
        "what was stored when is taken from the place in the queue",
        "G6",
        [Swap(conversations, "chat_item", broken.stored_when_queued)],
    ),
    Variant(
        "nothing is claimed before a POST", "G7", [Swap(Notifier, "_claim", broken.claim_nothing)]
    ),
    Variant(
        "a parked copy does not name the claim that failed",
        "G6",
        [Swap(queue_ports, "retry_body", broken.takes_over_nothing)],
    ),
    Variant(
        "an unknown outcome is sent again",
        "G7",
        [Swap(Notifier, "_weigh", broken.take_unknown_for_undelivered)],
    ),
    Variant(
        "a POST that may be under way is not waited for before another",
        "G7",
        [Swap(Notifier, "_may_be_under_way", broken.never_under_way)],
    ),
    Variant(
        "what an accepted POST has covered is not looked at",
        "G7",
        [
            Swap(consumer.notification.notifier, "delivery_status", broken.without_through),
            Swap(notifications, "may_claim", broken.may_claim_again),
        ],
    ),
    Variant(
        "a parked copy takes over any claim",
        "G7",
        [
            Swap(consumer.notification.notifier, "delivery_status", broken.standing_by_attempt),
            Swap(notifications, "may_claim", broken.may_claim_by_attempt),
        ],
    ),
    Variant(
        "the transactions of a large write share a moment",
        "G6",
        [Swap(conversations, "MOMENT_SECONDS", Decimal(0))],
    ),
    Variant("what was told is not noted", "G7", [Swap(Notifier, "_settle", broken.do_nothing)]),
    Variant(
        "parking leaves no time to give claims back",
        "time",
        [Swap(Deferral, "seconds", broken.no_time_for_steps)],
    ),
    Variant(
        "a POST is begun however late it is",
        "time",
        [Swap(Notifier, "_is_too_late", broken.never_too_late)],
    ),
    Variant(
        "news whose claim has no answer is forgotten",
        "G6",
        [Swap(Notifier, "_notify_round", broken.forget_the_unclear)],
    ),
    Variant("a known failure is settled", "G6", [Swap(Notifier, "_weigh", broken.settle_failures)]),
    Variant(
        "a known failure is forgotten", "G6", [Swap(Notifier, "_weigh", broken.forget_failures)]
    ),
    Variant(
        "claims are never given back",
        "G6",
        [Swap(Deferral, "_give_back", broken.do_nothing)],
    ),
    Variant(
        "the notifier answers although it has not handled everything",
        "G6",
        [Swap(sides, "handle_stream", broken.swallow)],
    ),
    Variant(
        "of a sender's news the oldest is told",
        "G6",
        [Swap(consumer.notification.notifier, "newest_per_sender", broken.oldest_per_sender)],
    ),
]
