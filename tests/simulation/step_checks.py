"""What is checked while a history runs, at the very moment at which it could go wrong."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.conversation.session import Session
from consumer.notification.state import NotificationState
from tests.simulation import documented_limits
from tests.simulation.facts import Submission
from tests.simulation.functions import Invocation
from tests.simulation.ledger import Ledger
from tests.simulation.lineage import Lineage
from tests.simulation.queue_mapping import Delivery
from tests.simulation.settings import Settings
from tests.simulation.webhooks import Kind
from tests.support.memory.observer import Post
from tests.support.memory.queues import Message
from tests.support.memory.tables import Commit, PutChat, Tables

# Between the read of the newest message and the POST that covers it.
LONGEST_DECISION_SECONDS = 30.0
STREAM_KEEPS_SECONDS = 86_400.0
LEFT_ACTIVE = "G4 left active behind a session of the reply service"


class StepChecks:
    """Holds every step against G1 to G6 and G9."""

    def __init__(self, ledger: Ledger, tables: Tables, settings: Settings) -> None:
        self._ledger = ledger
        self._tables = tables
        self._settings = settings
        self._lineage = Lineage(lambda: tables.session_key)

    # G1: at no moment is a message gone from the queue and neither stored nor dead-lettered

    def left_queue(self, message: Message) -> None:
        submission = self._ledger.submission_of(message)
        submission.queued -= 1
        self._expect_safe(submission)

    def moved_by_sqs(self, message: Message) -> None:
        submission = self._ledger.submission_of(message)
        submission.queued -= 1
        if submission.last_handled_by and not submission.last_handled_by.is_over:
            # Out of a hand that holds it still: what comes behind it may overtake it now.
            self._ledger.overlapping_groups.add(submission.webhook.group)
        is_safe = (
            submission.key in self._tables.chats or submission.dead_lettered or submission.queued
        )
        if not is_safe and not self._ledger.allow(
            "G1 moved to the dead-letter queue by SQS",
            submission.ordinal,
            documented_limits.left_by_sqs(self._settings),
        ):
            self._violated(
                "G1",
                f"{_name(submission)} is moved to the dead-letter queue by SQS without a reason",
            )

    def left_dead_letters(self, message: Message) -> None:
        submission = self._ledger.submission_of(message)
        submission.dead_lettered -= 1
        self._expect_safe(submission)

    def _expect_safe(self, submission: Submission) -> None:
        is_safe = (
            submission.kind is Kind.CALLBACK
            or submission.queued > 0
            or submission.dead_lettered > 0
            or submission.key in self._tables.chats
        )
        if not is_safe:
            self._violated("G1", f"{_name(submission)} is gone, neither stored nor dead-lettered")

    # G2 to G4: whatever is written

    def committed(self, process: Invocation, commit: Commit) -> None:
        """Called with the tables as they are after it."""
        for session in commit.opened:
            others = [s for s in self._sessions(session.sender_id) if s is not session]
            if self._lineage.is_ours(session.session_id):
                self._violated("G4", f"a session of {session.sender_id} is opened a second time")
            self._lineage.add(session, others)
            self._check_opened(process, session, others)
        for put in commit.chats:
            self._check_stored_once(put)
            self._check_order(put, {each.key for each in commit.chats})
            self._check_session(process, put, commit)

    def _check_opened(self, process: Invocation, session: Session, others: list[Session]) -> None:
        """At most one active session of our making; one that was left active stays so."""
        for other in others:
            if not other.is_active or not self._lineage.is_ours(other.session_id):
                continue
            ids = self._lineage.foreign(other.session_id, session.session_id)
            foreign = [self._tables.sessions[each] for each in ids]
            was_left = other.session_id in self._ledger.allowed[LEFT_ACTIVE]
            if not was_left and not self._ledger.allow(
                LEFT_ACTIVE,
                other.session_id,
                documented_limits.left_active(other, foreign, process),
            ):
                self._violated("G4", f"a second active session for {session.sender_id}")

    def _check_stored_once(self, put: PutChat) -> None:
        if put.key in self._ledger.stored:
            self._violated("G2", f"chat {put.key.message_id} is written a second time")

    def _check_order(self, put: PutChat, together: set[object]) -> None:
        """Everything that was queued before it is stored, or a documented limit applies."""
        submission = self._ledger.by_place.get(put.row["created_at"])
        if submission is None or submission.key != put.key:
            self._violated("G3", f"chat {put.key.message_id} has a place that is not its own")
            return
        for earlier in self._ledger.submissions[: submission.ordinal]:
            if earlier.key is None or earlier.key.sender_id != put.key.sender_id:
                continue
            is_open = earlier.key not in self._tables.chats and earlier.kind is not Kind.CALLBACK
            if is_open and not documented_limits.is_out_of_order(submission, earlier):
                self._violated("G3", f"{_name(submission)} is stored before {_name(earlier)}")
            if earlier.key == put.key and not documented_limits.is_out_of_order(
                submission, earlier
            ):
                self._violated("G3", f"{_name(submission)} takes the place of its repetition")

    def _check_session(self, process: Invocation, put: PutChat, commit: Commit) -> None:
        """A message goes to the newest session if that is active, else to a new one."""
        target = self._tables.sessions.get(put.row["session_id"])
        if target is None or target.sender_id != put.key.sender_id:
            self._violated("G4", f"chat {put.key.message_id} has no session")
            return
        if target in commit.opened:
            seen, least = documented_limits.asked_at(target, process), target.created_at
        else:
            seen, least = process.sighted.get(target.session_id, 0), target.created_at + 1
            if not target.is_active and not self._ledger.allow(
                "G4 completed between read and write",
                put.key,
                documented_limits.completed_since(target, process),
            ):
                self._violated("G4", f"chat {put.key.message_id} went to a completed session")
        for other in self._sessions(target.sender_id):
            if other is target or other.created_at < least:
                continue
            if not self._could_not_be_known(other, target, seen, process):
                self._violated("G4", f"chat {put.key.message_id} did not go to the newest session")

    def _could_not_be_known(
        self, other: Session, target: Session, seen: int, process: Invocation
    ) -> bool:
        return self._ledger.allow(
            "G4 opened between read and write",
            other.session_id,
            documented_limits.opened_since(other, seen, self._ledger.opened),
        ) or self._ledger.allow(
            "G4 session of the reply service, or after one, hidden by the index",
            other.session_id,
            documented_limits.hidden(other, target, process, self._lineage),
        )

    # G1, G5 and the stream: what an invocation may answer

    def handed_over(self, delivery: Delivery, invocation: Invocation) -> None:
        """An invocation of the queue function begins."""
        for message in delivery.messages:
            self._ledger.handed_over(message, invocation)

    def delivered(self, delivery: Delivery, invocation: Invocation) -> None:
        """An invocation of the queue function is over; nothing has been deleted yet."""
        self._ledger.ended(invocation)
        submissions = [self._ledger.submission_of(each) for each in delivery.messages]
        if invocation.raised is not None:
            self._violated("G5", f"the queue function raised {invocation.raised!r}")
        if delivery.failures is not None and not invocation.faulty_ports - {"dead_letters"}:
            self._expect_no_dragging(delivery.failures, delivery.messages, submissions)

    def _expect_no_dragging(
        self,
        failures: frozenset[str],
        messages: Sequence[Message],
        submissions: Sequence[Submission],
    ) -> None:
        """With no fault, or only at the dead-letter queue, what is good is stored, and fails
        only behind an open one of its sender."""
        blocked: set[str] = set()
        for message, submission in zip(messages, submissions, strict=True):
            is_open = submission.key not in self._tables.chats
            is_good, sender_id = submission.kind.is_good, submission.webhook.sender_id
            if is_good and (is_open or (message.id in failures and sender_id not in blocked)):
                self._violated("G5", f"{_name(submission)} failed although nothing was wrong")
            blocked |= {sender_id} if is_open or not is_good else set()

    def reached_dead_letters(self, message: Message) -> None:
        """A message comes into the dead-letter queue: by our hand it has a new id there."""
        is_moved = message.id in self._ledger.by_record
        self._ledger.reached_dead_letters(message)
        submission = self._ledger.submission_of(message)
        if submission.kind.is_good and not is_moved:
            self._violated("G5", f"{_name(submission)} is dead-lettered, and can be stored")

    def retry_moved_by_sqs(self, message: Message) -> None:
        """G6: receives of the retry queue never run out."""
        self._violated("G6", f"{message.id} is moved to the reply dead-letter queue by SQS")

    def discarded(self, age: float) -> None:
        """G6: a stream record is discarded only when the stream itself forgets it (seconds)."""
        if age < STREAM_KEEPS_SECONDS:
            self._violated("G6", f"a stream record is discarded after {age:.0f} seconds")

    def posted(self, post: Post) -> None:
        """G9: a POST covers the newest message that the index has shown for a while."""
        sender_id, now = post.notification.sender_id, self._ledger.now()
        for row in self._tables.chat_index.newest(sender_id, now - LONGEST_DECISION_SECONDS):
            if row["stored_at"] > post.notification.stored_at:
                self._violated("G9", f"a POST for {sender_id} leaves out a message that waited")
                break
        self._expect_quiet(post)

    def _expect_quiet(self, post: Post) -> None:
        """G9: a POST leaves no sooner than the quiet time, or the longest wait, allows.

        Since it also covers what waited, the number of POSTs is the smallest that the times allow.
        A repeated POST has waited before.
        """
        newest, now = post.notification, self._ledger.now() + self._ledger.skew
        row = self._tables.notifications.get(newest.sender_id, NotificationState())
        waiting = [
            float(each.stored_at)
            for each in self._ledger.stored.values()
            if each.sender_id == newest.sender_id and each.stored_at > row.notified_through
        ]
        is_quiet = now >= float(newest.stored_at) + self._settings.quiet_seconds
        is_long = waiting and now >= min(waiting) + self._settings.longest_wait_seconds
        if newest.attempt == 1 and not is_quiet and not is_long:
            self._violated("G9", f"a POST for {newest.sender_id} does not wait for the quiet time")

    def notified(self, invocation: Invocation) -> None:
        """An invocation of the notifier is over."""
        self._ledger.ended(invocation)
        if invocation.raised is not None and not invocation.faulty_ports - {"reply"}:
            self._violated(
                "G6", f"the notifier raised {invocation.raised!r} for no fault but POSTs'"
            )

    def _sessions(self, sender_id: str) -> list[Session]:
        return self._tables.sessions_of(sender_id)

    def _violated(self, guarantee: str, what: str) -> None:
        self._ledger.violated(guarantee, what)


def _name(submission: Submission) -> str:
    return f"{submission.kind.value} {submission.webhook.number}"
