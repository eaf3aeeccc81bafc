"""Every documented limit of a guarantee: what is not promised, and nothing else.

Each one holds only when it can be traced to an injected fault, or
to an action of others that our code could not have seen in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from consumer.conversation.session import Session
from consumer.notification.step import Outcome
from consumer.notification.turn import claim_second
from tests.simulation.facts import Stored, Submission
from tests.simulation.functions import Invocation
from tests.simulation.ledger import Ledger
from tests.simulation.lineage import Lineage
from tests.simulation.settings import FEW_RECEIVES, Settings
from tests.simulation.webhooks import Kind
from tests.support.memory.observer import Post

# G1


def left_by_sqs(settings: Settings) -> bool:
    """SQS itself moved it, without a reason: only where somebody allows fewer receives than the
    template does. An outage, a death or a missing container uses them up then.
    """
    return settings.most_receives in FEW_RECEIVES


# G3


def is_out_of_order(submission: Submission, earlier: Submission) -> bool:
    """A message does not wait for an earlier one in three cases.

    The earlier one is, or was, in the dead-letter queue; it can never be stored; or it has another
    message group, which SQS delivers on its own.
    """
    return (
        submission.is_redriven
        or earlier.was_dead_lettered
        or earlier.kind is Kind.POISON
        or earlier.webhook.group != submission.webhook.group
    )


# G4


def completed_since(session: Session, process: Invocation) -> bool:
    """A session completed between our consistent read, or our own opening of it, and our write."""
    return session.session_id in process.sighted


def opened_since(session: Session, seen: int, opened: dict[str, int]) -> bool:
    """A session that came after the moment at which we looked."""
    return opened[session.session_id] > seen


def hidden(session: Session, target: Session, process: Invocation, lineage: Lineage) -> bool:
    """The lagging index hid a session of the reply service's (or ours that follows one).

    Among our own sessions no lag counts: their ids lead from one to the next.
    """
    shown = shown_as_newest(session, process)
    lagged = shown is None or shown.created_at <= target.created_at
    return lagged and bool(lineage.foreign(session.session_id, target.session_id))


def left_active(older: Session, foreign: Sequence[Session], process: Invocation) -> bool:
    """A session of ours stays active when one of the reply service's, or one of ours that follows
    such a one, has taken its place as the newest, or the index hid ours behind it.

    `foreign`: its sessions that only one of our two goes back to. Without
    one the limit does not apply.
    """
    shown = shown_as_newest(older, process)
    is_overlooked = shown is None or shown.session_id != older.session_id
    took_its_place = any(each.created_at >= older.created_at for each in foreign)
    return bool(foreign) and (took_its_place or is_overlooked)


def asked_at(session: Session, process: Invocation) -> int:
    """When the index was read for the session's sender; 0 if never."""
    return process.shown.get(session.sender_id, (0, None))[0]


def shown_as_newest(session: Session, process: Invocation) -> Session | None:
    """What the index gave then."""
    return process.shown.get(session.sender_id, (0, None))[1]


# G6


def is_limited(stored: Stored, ledger: Ledger) -> bool:
    """Its session, that of the newer notification in its place, or a newer one, was limited
    when it was read, by the reply service or by a pause that nobody has lifted since; or the
    reply service has limited a session of the sender since, which counts as an answer."""
    resumed = max(ledger.resumptions[stored.sender_id], default=0)
    seen = ledger.seen_limited[stored.sender_id]
    named = [
        (each.row["session_id"], each.moment)
        for each in ledger.stored.values()
        if each.sender_id == stored.sender_id and each.stored_at >= stored.stored_at
    ]
    created_at = ledger.created_at.get(stored.row["session_id"], Decimal(0))
    newer = [(id, stored.moment) for id in seen if ledger.created_at[id] >= created_at]
    is_seen = any(seen.get(id, 0) > max(moment, resumed) for id, moment in [*named, *newer])
    return is_seen or any(moment > stored.moment for moment in ledger.limits[stored.sender_id])


def has_unknown_outcome(stored: Stored, ledger: Ledger) -> bool:
    """A claim that covers it was left behind, or its POST has an unknown outcome, and the setting
    says that nobody looks or repeats."""
    posts = ledger.posts[stored.sender_id]
    for process, turn in ledger.turns[stored.sender_id]:
        if turn.notification.stored_at < stored.stored_at:
            continue
        ends = [post.outcome for post in posts if post.turn is turn]
        is_left = process.died or "notifications" in process.faulty_ports
        if is_left or Outcome.UNKNOWN in ends:
            return True
    return False


def is_with_operator(stored: Stored, left: list[tuple[str, Decimal]]) -> bool:
    """Its notification, or a newer one of its sender, lies where an operator finds it."""
    return any(s == stored.sender_id and at >= stored.stored_at for s, at in left)


def was_overtaken(stored: Stored, ledger: Ledger) -> bool:
    """Two writes of one sender's messages raced: the one that began first ended last, and the POST
    about the other had been made by then.

    FIFO queues keep them apart, unless the messages come through two message groups (while a
    producer changes from one way of grouping to the other), the visibility timeout is shorter than
    the function may run, or the table applies a write long after its caller has gone, and SQS has
    taken the message from the queue; or Lambda starts a batch just before it is visible again.
    """
    groups = {
        each.webhook.group
        for each in ledger.submissions
        if each.webhook.sender_id == stored.sender_id
    }
    overtaken = any(
        post.notification.stored_at >= stored.stored_at and post.started < stored.moment
        for post in ledger.posts[stored.sender_id]
    )
    races = len(groups) > 1 or bool(groups & ledger.overlapping_groups)
    return races and overtaken


def is_taken_for_another(stored: Stored, ledger: Ledger) -> bool:
    """The answer to a turn before counts as that to a turn which covers it: by the clock that
    claimed, the turn began before that answer was written."""
    answered: list[float] = []
    for _, turn in ledger.turns[stored.sender_id]:
        since = claim_second(turn)
        if turn.notification.stored_at >= stored.stored_at and max(answered, default=0.0) >= since:
            return True
        posts = ledger.posts[stored.sender_id]
        answered += [post.accepted_at for post in posts if post.accepted and post.turn is turn]
    return False


# G7


def is_sent_again_on_purpose(first: Post, second: Post, ledger: Ledger) -> bool:
    """The reply service left no trace of the first, or the setting says to repeat without a look:
    a fault had kept its sender from noting that it was accepted."""
    notification, sender = first.notification, first.process
    noted = [
        at
        for at, through in ledger.settlements[notification.sender_id]
        if through >= notification.stored_at
    ]
    is_kept = (
        sender.died or "notifications" in sender.faulty_ports or first.outcome is Outcome.UNKNOWN
    )
    is_noted = bool(noted) and min(noted) < second.started
    return is_kept and not is_noted


def is_answered_before_its_claim(post: Post) -> bool:
    """By the reply service's clock the answer is older than its claim by the notifier's."""
    return post.turn is not None and post.accepted_at < claim_second(post.turn)
