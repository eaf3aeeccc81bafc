"""Notifies the reply service, one turn at a time for each sender.

Read, decide, claim, POST, end the turn. The decisions stand in turn.py; this makes the calls
and repeats what has no answer. What cannot be done in time waits in the retry queue; what
cannot even wait there stays unhandled, so that its record comes again.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from consumer.conversation.session import limited_until
from consumer.notification.facts import Facts, Need, facts_of, is_read
from consumer.notification.notification import (
    Notification,
    RejectedNotification,
    newest_per_sender,
    without_opt_outs,
)
from consumer.notification.notification_result import NotificationResult
from consumer.notification.notifier_rules import STEPS, NotifierRules
from consumer.notification.ports import (
    NotificationQuery,
    NotificationStore,
    ReplyService,
    RetryQueue,
)
from consumer.notification.retry_record import retry_body
from consumer.notification.state import NotificationState, StateChange, Turn
from consumer.notification.step import Outcome, PostEnd, Status, Step
from consumer.notification.turn import decide
from consumer.notification.turn_end import end_turn
from consumer.retry_budget import RetryBudget

T = TypeVar("T")

# Known to have ended so, whatever cannot be sent after it.
ENDED = (Status.NOTIFIED, Status.UNKNOWN)


class Notifier:
    """Handles one invocation's notifications."""

    def __init__(
        self,
        store: NotificationStore,
        reply_service: ReplyService,
        retry_queue: RetryQueue,
        rules: NotifierRules,
        clock: Callable[[], float],
        budget: RetryBudget,
        new_token: Callable[[], str],
        delay_seconds: Callable[[int], float],
    ) -> None:
        self._store = store
        self._reply_service = reply_service
        self._retry_queue = retry_queue
        self._rules = rules
        self._clock = clock
        self._budget = budget
        self._new_token = new_token
        self._delay_seconds = delay_seconds
        self._seconds_to_begin = rules.seconds_to_begin(budget.remaining())
        self._facts: dict[str, Facts] = {}
        self._needs: dict[str, Need] = {}
        self._claims: dict[str, Turn] = {}
        self._result = NotificationResult()

    def notify(self, notifications: Iterable[Notification]) -> NotificationResult:
        """Notify about each sender's newest message, or see to it that somebody does later."""
        if not self._rules.turns.answers_opt_outs:
            notifications = without_opt_outs(notifications)
        left = newest_per_sender(notifications)
        while left and self._budget.lasts(self._seconds(STEPS)):
            needed = self._needs
            is_rejected = self._read(left)
            steps = self._decide(left)
            for sender in self._apply({s: each for s, each in steps.items() if not each.is_claim}):
                del left[sender]
            for sender in self._claim({s: each for s, each in steps.items() if each.is_claim}):
                del left[sender]
            if is_rejected or not left:
                break
            has_new_needs = bool(self._needs) and self._needs != needed
            if not has_new_needs and not self._budget.pause(self._seconds(STEPS)):
                break
        self._postpone(list(left.values()))
        return self._result

    def reject(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send records that cannot be read to the dead-letter queue; gives the ids that went."""
        return self._insist({r.id: r for r in rejected}, self._retry_queue.dead_letter, 0)

    # Read and decide

    def _read(self, left: Mapping[str, Notification]) -> bool:
        """Read what is not known and what is needed; gives whether reading is in vain."""
        new = [each for sender, each in left.items() if sender not in self._facts]
        needs = self._needs.items()
        reads = self._store.read(
            NotificationQuery(
                states=[each.sender_id for each in new],
                sessions=sorted(
                    {each.session_id for each in new if each.session_id}
                    | {id for _, need in needs for id in need.sessions}
                ),
                texts=[key for _, need in needs for key in need.texts],
                newest=[s for s, need in needs if need.newest]
                + [each.sender_id for each in new if each.wake_at is not None],
                evidence={s: n.evidence_since for s, n in needs if n.evidence_since is not None},
                absence={s: n.absence_since for s, n in needs if n.absence_since is not None},
            )
        )
        self._result.problems += reads.problems
        for each in new:
            if is_read(each, reads):
                self._facts[each.sender_id] = facts_of(each, reads)
        for sender, need in needs:
            self._facts[sender].add(sender, reads, need.sessions)
        return reads.is_rejected

    def _decide(self, left: Mapping[str, Notification]) -> dict[str, Step]:
        """What to do about each sender of whom enough is known."""
        self._needs = {}
        steps = {}
        for sender in [each for each in left if each in self._facts]:
            decision = self._decision(left[sender], self._facts[sender])
            if isinstance(decision, Need):
                self._needs[sender] = decision
            else:
                steps[sender] = decision
        return steps

    def _decision(self, notification: Notification, facts: Facts) -> Step | Need:
        claim = self._claims.get(notification.sender_id)
        if claim and facts.state.turn and facts.state.turn.token == claim.token:
            # Our claim, whose answer was lost.
            return Step(None, claim.notification, facts.state, is_claim=True)
        now, token = self._clock(), self._new_token()
        return decide(notification, facts, now, token, self._rules.turns, self._delay_seconds)

    # What needs no POST

    def _apply(self, steps: Mapping[str, Step]) -> set[str]:
        """Send, then write; gives the senders that are done with. The others are read again."""
        sent = self._send(steps)
        saved = self._save({s: step.state for s, step in steps.items() if s in sent})
        for sender in saved:
            self._result.note(steps[sender])
        failed = steps.keys() - sent
        self._result.unhandled |= failed
        for sender in sent - saved:
            del self._facts[sender]
        return saved | failed

    def _send(self, steps: Mapping[str, Step], until: float = math.inf) -> set[str]:
        """Send dead letters and wake-ups; gives the senders of whom nothing is left to send.

        It is not repeated after `until`.
        """
        rejected = {
            s: RejectedNotification(s, retry_body(step.notification), step.dead_letter)
            for s, step in steps.items()
            if step.dead_letter
        }
        dead_letter = self._retry_queue.dead_letter
        unsent = rejected.keys() - self._insist(rejected, dead_letter, 2 + STEPS, until)
        wake_ups = {
            s: replace(step.notification, wake_at=step.wake_at)
            for s, step in steps.items()
            if step.wake_at is not None and s not in unsent
        }
        unsent |= wake_ups.keys() - self._insist(wake_ups, self._schedule, 1 + STEPS, until)
        return steps.keys() - unsent

    def _save(self, states: Mapping[str, NotificationState]) -> set[str]:
        """Write the rows that change; gives the senders whose row is as it shall be."""
        changes = [
            StateChange(
                s, self._facts[s].state.revision, replace(state, revision=self._new_token())
            )
            for s, state in states.items()
            if state != self._facts[s].state
        ]
        unchanged = states.keys() - {each.sender_id for each in changes}
        if not changes:
            return unchanged
        answer = self._store.save(changes)
        self._result.problems += answer.problems
        for each in changes:
            if each.sender_id in answer.saved:
                self._facts[each.sender_id].state = each.after
        return unchanged | answer.saved

    # Claim, POST, end the turn

    def _claim(self, steps: Mapping[str, Step]) -> set[str]:
        """Claim and POST in rounds; gives the senders that are done with."""
        done: set[str] = set()
        senders = list(steps)
        for start in range(0, len(senders), self._rules.round_size):
            if self._is_too_late():
                break
            part = senders[start : start + self._rules.round_size]
            for sender in part:
                turn = steps[sender].state.turn
                if turn and (sender not in self._claims or not self._is_ours(sender)):
                    self._claims[sender] = turn
            claimed = self._save({sender: steps[sender].state for sender in part})
            for sender in part:
                if sender not in claimed:
                    del self._facts[sender]
            self._post([sender for sender in part if sender in claimed])
            done |= claimed
        return done

    def _post(self, senders: Sequence[str]) -> None:
        """POST for claimed turns, and end each as its answer comes."""
        turns = {sender: self._claims[sender] for sender in senders}
        if not turns:
            return
        self._note_unreadable_limits(turns)
        start_by = min(turn.claimed_at for turn in turns.values()) + self._rules.seconds_to_start
        if self._is_too_late():
            self._end(dict.fromkeys(turns, PostEnd(Outcome.NOT_SENT)))
            return
        notifications = [turn.notification for turn in turns.values()]
        left = dict.fromkeys(turns, PostEnd(Outcome.UNKNOWN))
        for ends in self._reply_service.post(notifications, start_by - self._clock()):
            left |= ends
            if self._budget.lasts(self._seconds(2 * STEPS)):  # else all the rest at once
                self._end(ends)
                left = {s: end for s, end in left.items() if s not in ends}
        self._end(left)

    def _end(self, ends: Mapping[str, PostEnd]) -> None:
        """End turns; repeated while the row changes meanwhile, or its writing has no answer."""
        left, sent = dict(ends), dict[str, Step]()
        while left:
            steps = {sender: self._ending(sender, end) for sender, end in left.items()}
            unsent = {s: _without_sent(step, sent.get(s)) for s, step in steps.items()}
            done = self._send(unsent, self._last_moment(left))
            sent |= {s: step for s, step in unsent.items() if s in done and _sends(step)}
            self._result.unhandled |= steps.keys() - done
            for sender, step in steps.items():
                if sender in done or step.status in ENDED:
                    self._result.note(step, left[sender])
            saved = self._save({s: self._as_sent(step, sent.get(s)) for s, step in steps.items()})
            left = {s: end for s, end in left.items() if s not in saved}
            if left and not self._budget.pause(self._seconds(STEPS)):
                self._result.problems.append("turn not ended")
                break
            left = self._still_open(left) if left else {}

    def _last_moment(self, senders: Iterable[str]) -> float:
        """Until when the rows can be written while the turns are still open."""
        open_until = min(self._claims[sender].open_until for sender in senders)
        return open_until - self._seconds(2)

    def _ending(self, sender: str, end: PostEnd) -> Step:
        state = self._facts[sender].state
        attempt = self._claims[sender].notification.attempt
        backoff = self._delay_seconds(attempt + (end.outcome is not Outcome.NOT_SENT))
        return end_turn(state, end, self._clock(), backoff, self._rules.turns)

    def _as_sent(self, step: Step, sent: Step | None) -> NotificationState:
        """The row after the turn; only a wake-up that was accepted is written into it."""
        if step.wake_at is None:
            return step.state
        before = self._facts[step.notification.sender_id].state.wake_at
        sent_for = sent.wake_at if sent else None
        return replace(step.state, wake_at=before if sent_for is None else sent_for)

    def _is_ours(self, sender: str) -> bool:
        turn = self._facts[sender].state.turn
        return turn is not None and turn.token == self._claims[sender].token

    def _still_open(self, left: Mapping[str, PostEnd]) -> dict[str, PostEnd]:
        """Read the rows again; gives the turns that are still ours to end."""
        reads = self._store.read(NotificationQuery(states=list(left)))
        self._result.problems += reads.problems
        for sender, state in reads.states.items():
            self._facts[sender].state = state
        return {s: end for s, end in left.items() if self._is_ours(s)}

    # Time and what is left of it

    def _postpone(self, left: Sequence[Notification]) -> None:
        """Schedule what there was no time for, as no attempt; the rest comes again."""
        now = self._clock()
        wake_ups = {
            n.sender_id: replace(n, wake_at=now + self._delay_seconds(n.attempt)) for n in left
        }
        scheduled = self._insist(wake_ups, self._schedule, 0)
        self._result.scheduled |= scheduled
        self._result.unhandled |= wake_ups.keys() - scheduled

    def _schedule(self, notifications: Sequence[Notification]) -> set[str]:
        return self._retry_queue.schedule(notifications, self._clock())

    def _is_too_late(self) -> bool:
        is_late = self._budget.remaining() < self._seconds_to_begin
        self._result.problems += ["too late to wait for answers"] * is_late
        return is_late

    def _seconds(self, steps: int) -> float:
        """How long that many calls take at the most."""
        return steps * self._rules.call_seconds

    def _insist(
        self,
        wanted: Mapping[str, T],
        act: Callable[[Sequence[T]], set[str]],
        steps_behind: int,
        until: float = math.inf,
    ) -> set[str]:
        """Repeat a call for what it has not done yet, while there is time; gives what is done.

        One try is made however little time is left.
        """
        done: set[str] = set()
        while wanted.keys() - done:
            done |= act([each for key, each in wanted.items() if key not in done])
            if not wanted.keys() - done or self._clock() >= until:
                break
            if not self._budget.pause(self._seconds(steps_behind)):
                break
        return done

    def _note_unreadable_limits(self, senders: Iterable[str]) -> None:
        for sender in senders:
            for session in self._facts[sender].sessions.values():
                try:
                    limited_until(session)
                except ValueError:
                    self._result.unreadable_limits.add(sender)


def _sends(step: Step) -> bool:
    return step.wake_at is not None or bool(step.dead_letter)


def _without_sent(step: Step, sent: Step | None) -> Step:
    """The step without what an earlier try has sent for it."""
    if sent is None:
        return step
    wake_at = step.wake_at if sent.wake_at is None else None
    return replace(step, wake_at=wake_at, dead_letter="" if sent.dead_letter else step.dead_letter)
