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
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome
from consumer.webhook.message import ChatKey
from tests.simulation.facts import Stored, Submission, Violation, place_of
from tests.simulation.functions import Invocation
from tests.simulation.webhooks import Webhook
from tests.support.memory.fault_schedule import HANGING, InjectedFault
from tests.support.memory.observer import Observer, Post
from tests.support.memory.queues import Message
from tests.support.memory.tables import Commit, PutChat
from tests.support.memory.wire import CALL_TIMEOUT_SECONDS

# Two, and the time of two calls.
LATEST_FOLLOW_UP_SECONDS = 2.5
# Half of the first delay; the other half is jitter.
LEAST_BACKOFF_SECONDS = 2.0


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
        self.created_at: dict[str, Decimal] = {}
        self.seen_limited: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.posts: defaultdict[str, list[Post]] = defaultdict(list)
        self.settlements: defaultdict[str, list[tuple[int, Decimal]]] = defaultdict(list)
        self.turns: defaultdict[str, list[tuple[Invocation, Turn]]] = defaultdict(list)
        self.limits: defaultdict[str, list[int]] = defaultdict(list)
        self.pauses: defaultdict[str, list[int]] = defaultdict(list)
        self.resumptions: defaultdict[str, list[int]] = defaultdict(list)
        self.violations: list[Violation] = []
        self.allowed: defaultdict[str, set[Hashable]] = defaultdict(set)
        self.counts: Counter[str] = Counter()
        self.on_commit: Callable[[Invocation, Commit], None] = lambda process, commit: None
        self.handovers: dict[str, float] = {}
        self.dead_lettered_senders: set[str] = set()
        self.disturbed_until = 0.0
        self.is_uncrowded = False
        self.skew = 0.0
        self.on_post: Callable[[Post], None] = lambda post: None

    def now(self) -> float:
        return self._clock()

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
        """A call that hangs keeps its container busy for as long as a call may take."""
        seconds = CALL_TIMEOUT_SECONDS if injected.fault in HANGING else 0.0
        self.disturbed(self._clock() + seconds)

    def disturbed(self, until: float) -> None:
        """Until then a fault may delay what follows (epoch seconds)."""
        self.disturbed_until = max(self.disturbed_until, until)

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
            self.seen_limited[session.sender_id][session.session_id] = moment

    def opened_elsewhere(self, session: Session) -> None:
        self.opened[session.session_id] = self.moment()
        self.created_at[session.session_id] = session.created_at

    def committed(self, process: Invocation, commit: Commit) -> None:
        moment = self.moment()
        self.opened.update((each.session_id, moment) for each in commit.opened)
        self.created_at.update((each.session_id, each.created_at) for each in commit.opened)
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

    def saved(
        self,
        process: Invocation,
        sender_id: str,
        before: NotificationState,
        after: NotificationState,
    ) -> None:
        if after.turn and (before.turn is None or before.turn.token != after.turn.token):
            self.turns[sender_id].append((process, after.turn))
        through = after.notified_through
        ends = before.turn and not after.turn and through > before.notified_through
        is_slow = "notifications" in process.faulty_ports  # the wake-up may have come before it
        is_waiting = before.pending and before.pending.notification.stored_at > through
        if ends and is_waiting and not is_slow:
            self.handovers[sender_id] = self._clock()
        if through > before.notified_through:
            self.settlements[sender_id].append((self.moment(), through))

    def limited(self, session: Session) -> None:
        self.limits[session.sender_id].append(self.moment())

    def paused(self, session: Session) -> None:
        """The operator has paused a sender."""
        self.pauses[session.sender_id].append(self.moment())

    def resumed(self, session: Session) -> None:
        """The operator has lifted a pause, and queues the newest message at once."""
        self.resumptions[session.sender_id].append(self.moment())

    def scheduled(self, process: Invocation, notification: Notification) -> None:
        process.deferred.add(notification.sender_id)
        self.counts["scheduled for retry"] += 1

    def dead_lettered(self, process: Invocation, rejected: RejectedNotification) -> None:
        process.deferred.add(rejected.id)
        self.dead_lettered_senders.add(rejected.id)
        self.counts["dead-lettered"] += 1

    def is_answered(self, key: ChatKey) -> bool:
        """Whether a POST made after the chat was stored has been accepted."""
        moment = self.stored[key].moment
        return any(post.accepted and post.started > moment for post in self.posts[key.sender_id])

    def posted(self, post: Post) -> None:
        post.started = self.moment()
        self._expect_turn(post)
        self.posts[post.notification.sender_id].append(post)
        self.counts["posts"] += 1
        self.counts["posts before the index showed the message"] += not post.saw_message

    def _expect_turn(self, post: Post) -> None:
        """G9: it has a claim, and no other POST of the sender is open."""
        sender_id, now = post.notification.sender_id, self._clock()
        own = [turn for process, turn in self.turns[sender_id] if process is post.process]
        post.turn = own[-1] if own else None
        if post.turn is None:
            self.violated("G9", f"a POST for {sender_id} without a claim")
        for other in self.posts[sender_id]:
            is_open = not other.is_read and other.turn and now < other.turn.open_until - self.skew
            if is_open:
                self.violated("G9", f"two POSTs are open for {sender_id}")

        self._expect_backoff(post)
        self._expect_promptness(post)
        self.on_post(post)

    def _expect_backoff(self, post: Post) -> None:
        """G9: what failed is not repeated at once, unless its batch had to come again, it had
        been dead-lettered, which an operator may redrive, or an operator has lifted a pause."""
        sender_id = post.notification.sender_id
        for other in self.posts[sender_id]:
            is_same = other.notification.stored_at == post.notification.stored_at
            least = LEAST_BACKOFF_SECONDS - 2 * self.skew
            is_soon = other.is_read and self._clock() - other.read_at < least
            is_failed = other.outcome in (Outcome.CANNOT_DELIVER_NOW, Outcome.UNAUTHORIZED)
            is_asked = sender_id in self.dead_lettered_senders or self.resumptions[sender_id]
            is_excused = is_asked or self._was_cut_off(other.process)
            if is_same and is_soon and is_failed and not is_excused:
                self.violated("G9", f"a failed POST for {sender_id} at once")

    def _expect_promptness(self, post: Post) -> None:
        """G9: what waited for the end of a turn follows at once, unless a fault delays it."""
        ended_at = self.handovers.pop(post.notification.sender_id, None)
        is_delayed = ended_at is None or ended_at < self.disturbed_until or not self.is_uncrowded
        sender_id = post.notification.sender_id
        if ended_at is None or is_delayed or self.limits[sender_id] or self.pauses[sender_id]:
            return
        if self._clock() - ended_at > LATEST_FOLLOW_UP_SECONDS + 2 * self.skew:
            self.violated("G9", f"the follow-up for {post.notification.sender_id} is late")

    def _was_cut_off(self, process: Invocation) -> bool:
        return process.died or bool({"retry_queue", "notifications"} & process.faulty_ports)

    def answered(self, post: Post) -> None:
        """G9: a POST ends within its claim."""
        if post.turn and self._clock() > post.turn.open_until + self.skew:
            self.violated("G9", f"a POST for {post.notification.sender_id} outlasts its claim")

    def accepted(self, post: Post) -> None:
        post.accepted, post.accepted_at = self.moment(), self._clock()
        self.counts["accepted posts"] += 1

    def ended(self, process: Invocation) -> None:
        """An invocation is over."""
        process.ended = self.moment()
        self.counts["processes died"] += process.died
        self.counts["invocations"] += 1
        if process.timed_out and "function" not in process.faulty_ports:
            self.violated(
                "time", f"invocation {process.number} was ended in the middle of its work"
            )
