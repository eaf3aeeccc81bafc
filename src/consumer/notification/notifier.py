"""Notifies the reply service, one turn at a time for each sender.

Read, decide, claim, POST, end the turn. The decisions stand in turn.py; this makes the calls
and repeats what has no answer. What cannot be done in time waits in the retry queue; what
cannot even wait there stays unhandled, so that its record comes again.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consumer.notification.facts import Facts, Need, facts_of, is_read
from consumer.notification.notification import (
    Notification,
    newest_per_sender,
    without_opt_outs,
)
from consumer.notification.notification_result import NotificationResult
from consumer.notification.notifier_rules import PASS, STEPS, NotifierRules
from consumer.notification.ports import (
    NotificationQuery,
    NotificationStore,
    ReplyService,
    RetryQueue,
)
from consumer.notification.retry_sender import RetrySender
from consumer.notification.state import NotificationState, StateChange, Turn
from consumer.notification.step import Outcome, PostEnd, Status, Step
from consumer.notification.turn import decide
from consumer.notification.turn_end import end_turn
from consumer.retry_budget import RetryBudget

# Known to have ended so, whatever cannot be sent after it.
ENDED = (Status.NOTIFIED, Status.UNKNOWN)
TOO_LATE = "too late to wait for answers"


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
        self._sender = RetrySender(retry_queue, clock, budget, rules.call_seconds)
        self._rules = rules
        self._clock = clock
        self._budget = budget
        self._new_token = new_token
        self._delay_seconds = delay_seconds
        self._seconds_to_begin = rules.seconds_to_begin(budget.remaining())
        self._facts: dict[str, Facts] = {}
        self._needs: dict[str, Need] = {}
        self._asked: set[tuple[str, Need]] = set()
        self._unsent: set[str] = set()
        self._claims: dict[str, Turn] = {}
        self._unended: dict[str, PostEnd] = {}
        self._ended: dict[str, tuple[Step, PostEnd]] = {}
        self._unscheduled: set[str] = set()
        # Whose wake-up was due before the row: its handler saw an open turn and a later wake-up.
        self._early: dict[str, Notification] = {}
        self._result = NotificationResult()

    def notify(self, notifications: Iterable[Notification]) -> NotificationResult:
        """Notify about each sender's newest message, or see to it that somebody does later."""
        if not self._rules.turns.answers_opt_outs:
            notifications = without_opt_outs(notifications)
        left = newest_per_sender(notifications)
        while left and self._budget.lasts(self._seconds(PASS)):
            is_rejected = self._read(left)
            steps = self._decide(left)
            claims = {s: each for s, each in steps.items() if each.is_claim}
            others = {s: each for s, each in steps.items() if not each.is_claim}
            done = self._apply(others, bool(claims)) | self._claim(claims)
            late = [left[s] for s in claims.keys() - done] if self._is_too_late() else []
            done |= self._postpone(late, until=self._clock())
            if self._budget.lasts(self._seconds(2 * STEPS)):
                self._end_turns()
            left = {s: each for s, each in left.items() if s not in done}
            if is_rejected or not left:
                break
            is_stuck = not done and not self._has_new_needs()
            if is_stuck and not self._budget.pause(self._seconds(PASS)):
                break
        self._end_what_is_left()
        self._result.unhandled |= left.keys() - self._postpone(list(left.values()))
        return self._result

    # Read and decide

    def _read(self, left: Mapping[str, Notification]) -> bool:
        """Read what is not known and what is needed; gives whether reading is in vain."""
        new = [each for sender, each in left.items() if sender not in self._facts]
        needs = self._needs.items()
        absence = {s: n.absence_since for s, n in needs if n.absence_since is not None}
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
                absence=dict(islice(absence.items(), 1)),  # each may go through many pages
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

    def _has_new_needs(self) -> bool:
        """Whether something is needed that was never asked for: then it is read at once."""
        new = self._needs.items() - self._asked
        self._asked |= new
        return bool(new)

    def _decision(self, notification: Notification, facts: Facts) -> Step | Need:
        if self._is_ours(notification.sender_id):  # a claim whose answer was lost
            claim = self._claims[notification.sender_id]
            return Step(None, claim.notification, facts.state, is_claim=True)
        now, token = self._clock(), self._new_token()
        return decide(notification, facts, now, token, self._rules.turns, self._delay_seconds)

    # What needs no POST

    def _apply(self, steps: Mapping[str, Step], has_claims: bool) -> set[str]:
        """Send, then write; gives the senders that are done with.

        Nobody's POST waits for a queue that takes nothing: what could not be sent is tried again
        when no claim is left.
        """
        due = {s: step for s, step in steps.items() if not (has_claims and s in self._unsent)}
        sent = self._sender.send(due, self._rows(due), until=self._clock())
        self._unsent |= due.keys() - sent
        saved = self._save({s: self._as_sent(steps[s]) for s in sent})
        for sender in saved:
            self._result.note(steps[sender])
        for sender in steps.keys() - saved:
            del self._facts[sender]
        return saved

    def _rows(self, senders: Iterable[str]) -> dict[str, NotificationState]:
        return {sender: self._facts[sender].state for sender in senders}

    def _as_sent(self, step: Step) -> NotificationState:
        return self._sender.as_sent(step, self._facts[step.notification.sender_id].state)

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
        self._sender.note_changed(answer.conflicts)
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
            states = {s: state for s in part if (state := self._claiming(s, steps[s]))}
            claimed = self._save(states)
            for sender in part:
                if sender not in claimed:
                    del self._facts[sender]
            self._post([sender for sender in part if sender in claimed])
            done |= claimed
        return done

    def _claiming(self, sender: str, step: Step) -> NotificationState | None:
        """The row with a claim that counts from now on; None if it has to be decided anew."""
        turn, now = step.state.turn, self._clock()
        if turn is None or self._is_ours(sender):
            return step.state
        if now > turn.claimed_at + self._rules.seconds_to_start:
            return None
        open_until = now + self._rules.turns.open_seconds
        self._claims[sender] = replace(turn, claimed_at=now, open_until=open_until)
        return replace(step.state, turn=self._claims[sender])

    def _post(self, senders: Sequence[str]) -> None:
        """POST for claimed turns, and end each as its answer comes.

        Nobody's turn waits for somebody else's row or wake-up: there is one try while answers are
        awaited, and what that leaves is tried again after the round.
        """
        earliest = self._clock() - self._rules.seconds_to_start
        is_too_late = self._is_too_late()
        late = {s for s in senders if self._claims[s].claimed_at < earliest or is_too_late}
        turns = {sender: self._claims[sender] for sender in senders if sender not in late}
        known, unread = dict.fromkeys(late, PostEnd(Outcome.NOT_SENT)), set(turns)
        for ends in self._answers(turns):
            unread -= ends.keys()
            known |= ends
            if self._budget.lasts(self._seconds(3 * STEPS)):  # else all the rest at once
                self._unended |= self._try_to_end(known, self._clock(), 2 * STEPS)
                known = {}
        self._unended |= known | dict.fromkeys(unread, PostEnd(Outcome.UNKNOWN))
        self._end_turns()

    def _answers(self, turns: Mapping[str, Turn]) -> Iterator[Mapping[str, PostEnd]]:
        if not turns:
            return
        unreadable = {sender for sender in turns if self._facts[sender].has_unreadable_limit()}
        self._result.unreadable_limits |= unreadable
        start_by = min(turn.claimed_at for turn in turns.values()) + self._rules.seconds_to_start
        notifications = [turn.notification for turn in turns.values()]
        yield from self._reply_service.post(notifications, start_by - self._clock())

    def _end_turns(self) -> None:
        """Try to end the turns that are left; their rows say what was sent, be it nothing.

        A known end that stood in no row would become an unknown one when the claim is over.
        """
        if self._unended:
            until = self._clock() + self._seconds(1)
            ends = self._unended
            self._unended = self._try_to_end(ends, until, STEPS, saves_unsent=True)
        if self._early:
            self._unscheduled |= self._early.keys() - self._sender.repeat(self._early)
            self._early = {}

    def _try_to_end(
        self,
        ends: Mapping[str, PostEnd],
        until: float,
        calls_behind: int,
        *,
        saves_unsent: bool = False,
    ) -> dict[str, PostEnd]:
        """Try to end turns; gives those that are still open, and ours.

        Sending is repeated until `until`; the time of the `calls_behind` is kept for what follows.
        """
        steps = {sender: self._ending(sender, end) for sender, end in ends.items()}
        before = self._rows(steps)
        sent = self._sender.send(steps, before, until, calls_behind)
        self._unscheduled = (self._unscheduled | steps.keys()) - sent
        known = {s for s, step in steps.items() if s in sent or step.status in ENDED}
        self._ended |= {s: (steps[s], ends[s]) for s in known}
        rows = {s: self._as_sent(e) for s, e in steps.items() if saves_unsent or s in sent}
        saved = self._save(rows)
        now = self._clock()
        self._early |= {
            s: step.notification
            for s, step in steps.items()
            if step.wake_at is not None
            and s in sent & saved
            and rows[s].wake_at <= min(now, before[s].wake_at)
        }
        left = {s: end for s, end in ends.items() if s not in saved}
        return self._still_open(left) if left else {}

    def _end_what_is_left(self) -> None:
        """End the turns whose rows could not be written, while there is time; note all ends."""
        while self._unended:
            if not self._budget.pause(self._seconds(2 * STEPS)):
                self._result.problems.append("turn not ended")
                break
            self._end_turns()
        self._result.unhandled |= self._unscheduled
        for step, end in self._ended.values():
            self._result.note(step, end)

    def _ending(self, sender: str, end: PostEnd) -> Step:
        state = self._facts[sender].state
        attempt = self._claims[sender].notification.attempt
        backoff = self._delay_seconds(attempt + (end.outcome is not Outcome.NOT_SENT))
        return end_turn(state, end, self._clock(), backoff, self._rules.turns)

    def _is_ours(self, sender: str) -> bool:
        """Whether the open turn is one that this invocation has claimed."""
        turn, claim = self._facts[sender].state.turn, self._claims.get(sender)
        return turn is not None and claim is not None and turn.token == claim.token

    def _still_open(self, left: Mapping[str, PostEnd]) -> dict[str, PostEnd]:
        """Read the rows again; gives the turns that are still ours to end."""
        reads = self._store.read(NotificationQuery(states=list(left)))
        self._result.problems += reads.problems
        for sender, state in reads.states.items():
            self._facts[sender].state = state
        return {s: end for s, end in left.items() if self._is_ours(s)}

    # Time and what is left of it

    def _postpone(self, left: Sequence[Notification], until: float = math.inf) -> set[str]:
        """Schedule what there is no time for, as no attempt; gives the senders that it did for."""
        now = self._clock()
        wake_ups = {
            n.sender_id: replace(n, wake_at=now + self._delay_seconds(n.attempt)) for n in left
        }
        scheduled = self._sender.postpone(wake_ups, until)
        self._result.scheduled |= scheduled
        return scheduled

    def _is_too_late(self) -> bool:
        is_late = self._budget.remaining() < self._seconds_to_begin
        if is_late and TOO_LATE not in self._result.problems:
            self._result.problems.append(TOO_LATE)
        return is_late

    def _seconds(self, steps: int) -> float:
        """How long that many calls take at the most."""
        return steps * self._rules.call_seconds
