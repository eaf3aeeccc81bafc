"""What happened in a history: the facts that the guarantees speak of, each with its moment.

Moments are ordinals, not times: no two facts share one.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from decimal import Decimal

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.session import Session, is_limited
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.state import Claim
from consumer.webhook.message import ChatKey
from tests.simulation.facts import Stored, Submission, UnknownOutcome, Violation, place_of
from tests.simulation.functions import Invocation
from tests.simulation.webhooks import Webhook
from tests.support.memory.fault_schedule import InjectedFault
from tests.support.memory.observer import Observer, Post
from tests.support.memory.queues import Message
from tests.support.memory.tables import Commit, PutChat


class Ledger(Observer):
    """Keeps the facts; `on_commit` is asked at every write whether it should have been."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._moments = itertools.count(1)
        self.submissions: list[Submission] = []
        self.by_record: dict[str, Submission] = {}
        self.by_place: dict[Decimal, Submission] = {}
        self.overlapping_groups: set[str] = set()
        self.stored: dict[ChatKey, Stored] = {}
        self.opened: dict[str, int] = {}
        self.limited: dict[str, int] = {}
        self.posts: defaultdict[str, list[Post]] = defaultdict(list)
        self.settlements: defaultdict[str, list[tuple[int, Decimal]]] = defaultdict(list)
        self.unknown_outcomes: list[UnknownOutcome] = []
        self.violations: list[Violation] = []
        self.allowed: defaultdict[str, set[Hashable]] = defaultdict(set)
        self.counts: Counter[str] = Counter()
        self.on_commit: Callable[[Invocation, Commit], None] = lambda process, commit: None

    def moment(self) -> int:
        return next(self._moments)

    def violated(self, guarantee: str, what: str) -> None:
        violation = Violation(guarantee, what)
        if violation not in self.violations:
            self.violations.append(violation)

    def allow(self, why: str, what: Hashable, holds: bool) -> bool:
        """Count what only a documented limit keeps from being a violation; gives `holds` back."""
        if holds:
            self.allowed[why].add(what)
        return holds

    def fault_injected(self, process: Invocation | None, injected: InjectedFault) -> None:
        """A fault was injected; the schedule counts them."""

    # The queue and its dead-letter queue

    def submitted(self, webhook: Webhook, message: Message) -> None:
        """A producer has queued a body."""
        key = None
        if webhook.sender_id:
            key = ChatKey(webhook.sender_id, webhook.message_id or message.id)
        submission = Submission(len(self.submissions), webhook, key, [place_of(message)], queued=1)
        self.submissions.append(submission)
        self.by_record[message.id] = submission
        self.by_place[submission.places[0]] = submission

    def reached_dead_letters(self, message: Message) -> None:
        """A message is in the dead-letter queue, moved by SQS or by our code."""
        submission = self.submission_of(message)
        submission.dead_lettered += 1
        submission.was_dead_lettered = True
        self.by_record[message.id] = submission

    def redriven(self, old: Message, new: Message) -> None:
        """An operator has sent a dead letter to the queue again."""
        submission = self.submission_of(old)
        submission.queued += 1
        submission.is_redriven = True
        self.by_record[new.id] = submission
        if "OriginalSequenceNumber" not in old.attributes:
            place = place_of(old)
            submission.places.append(place)
            self.by_place[place] = submission

    def handed_over(self, message: Message, invocation: Invocation) -> None:
        """An invocation has received a message, perhaps while an earlier one still works on it."""
        submission = self.submission_of(message)
        last, submission.last_handled_by = submission.last_handled_by, invocation
        if last is not None and not last.is_over:
            self.overlapping_groups.add(submission.webhook.group)

    def submission_of(self, message: Message) -> Submission:
        first_id = message.attributes.get("OriginalMessageId")
        return self.by_record.get(message.id) or self.by_record[first_id or ""]

    # Sessions and chats

    def queried(self, process: Invocation, sender_id: str, shown: Session | None) -> None:
        process.shown[sender_id] = (self.moment(), shown)

    def sighted(self, process: Invocation, session: Session) -> None:
        moment = self.moment()
        if session.is_active:
            process.sighted[session.session_id] = moment
        if is_limited(session, self._clock() - 0.01):
            self.limited[session.session_id] = moment

    def opened_elsewhere(self, session: Session) -> None:
        self.opened[session.session_id] = self.moment()

    def committed(self, process: Invocation, commit: Commit) -> None:
        moment = self.moment()
        self.opened.update((each.session_id, moment) for each in commit.opened)
        self.on_commit(process, commit)
        process.sighted.update((each.session_id, moment) for each in commit.opened)
        self.counts["sessions"] += len(commit.opened)
        for put in commit.chats:
            self.stored.setdefault(put.key, self._stored(put, moment, process))
            self._note_late(put, process)

    def _stored(self, put: PutChat, moment: int, process: Invocation) -> Stored:
        return Stored(moment, put.row, self.by_place.get(put.row["created_at"]), process)

    def _note_late(self, put: PutChat, process: Invocation) -> None:
        """A write that was applied after its process had ended, and after SQS took the message."""
        submission = self.by_place.get(put.row["created_at"])
        if submission is None or not process.is_over:
            return
        if submission.was_dead_lettered or submission.last_handled_by is not process:
            self.overlapping_groups.add(submission.webhook.group)

    def quarantined(self, process: Invocation, rejected: RejectedRecord) -> None:
        self.counts["quarantined"] += 1
        if not rejected.reason:
            self.violated("G1", f"{rejected.record.id} is dead-lettered without a reason")

    # Notifications

    def claimed(self, process: Invocation, claim: Claim) -> None:
        sender_id = claim.notification.sender_id
        if process.is_over and sender_id not in process.deferred:
            self.unknown_outcomes.append(
                UnknownOutcome(sender_id, claim.notification.stored_at, "claimed after its death")
            )
        process.claims[sender_id] = claim
        process.claimed[sender_id] = self.moment()

    def released(self, process: Invocation, claim: Claim) -> None:
        process.claims.pop(claim.notification.sender_id, None)

    def settled(self, process: Invocation, sender_id: str, notified_through: Decimal) -> None:
        process.claims.pop(sender_id, None)
        self.settlements[sender_id].append((self.moment(), notified_through))

    def scheduled(self, process: Invocation, notification: Notification) -> None:
        process.deferred.add(notification.sender_id)
        process.claims.pop(notification.sender_id, None)
        self.counts["scheduled for retry"] += 1

    def dead_lettered(self, process: Invocation, rejected: RejectedNotification) -> None:
        process.deferred.add(rejected.id)
        process.claims.pop(rejected.id, None)
        self.counts["dead-lettered"] += 1

    def is_answered(self, key: ChatKey) -> bool:
        """Whether a POST made after the chat was stored has been accepted."""
        moment = self.stored[key].moment
        return any(post.accepted and post.started > moment for post in self.posts[key.sender_id])

    def posted(self, post: Post) -> None:
        post.started = self.moment()
        self.posts[post.notification.sender_id].append(post)
        self.counts["posts"] += 1

    def accepted(self, post: Post) -> None:
        post.accepted = self.moment()
        self.counts["accepted posts"] += 1

    def ended(self, process: Invocation) -> None:
        """An invocation is over; the claims that it still holds may have an unknown outcome."""
        process.ended = self.moment()
        self.counts["processes died"] += process.died
        self.counts["invocations"] += 1
        if process.timed_out and "function" not in process.faulty_ports:
            self.violated(
                "time", f"invocation {process.number} was ended in the middle of its work"
            )
        for sender_id, claim in process.claims.items():
            cause = self._cause_of_unknown_outcome(process, sender_id)
            if cause:
                self.unknown_outcomes.append(
                    UnknownOutcome(sender_id, claim.notification.stored_at, cause)
                )

    def _cause_of_unknown_outcome(self, process: Invocation, sender_id: str) -> str | None:
        """Why the outcome of the claim is unknown; None when it should be known."""
        if process.died:
            return "died with the claim"
        if "notifications" not in process.faulty_ports:
            return None
        if any(post.process is process for post in self.posts[sender_id]):
            return "could not note the end of its claim"
        # The batch was reported as failed, and the retry queue could not be reached.
        is_cut_off = process.brings_again and "retry_queue" in process.faulty_ports
        return "could neither schedule a retry nor release the claim" if is_cut_off else None
