"""Notifies the reply service, one turn at a time for each sender.

Read, decide, claim, POST, end the turn. The decisions stand in turn.py; this makes the calls
and repeats what has no answer. What cannot be done in time waits in the retry queue; what
cannot even wait there stays unhandled, so that its record comes again.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from consumer.notification.facts import Facts, Need
from consumer.notification.notification import (
    Notification,
    newest_per_sender,
    without_opt_outs,
)
from consumer.notification.notification_result import NotificationResult
from consumer.notification.notifier_rules import PASS, STEPS, NotifierRules
from consumer.notification.open_turns import OpenTurns
from consumer.notification.ports import NotificationStore, ReplyService, RetryQueue
from consumer.notification.retry_sender import RetrySender
from consumer.notification.senders import Senders
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome, PostEnd, Step
from consumer.notification.turn import decide
from consumer.retry_budget import RetryBudget

# After a read that took longer, POSTs do not wait for another one.
QUICK_READ_SECONDS = 1.0
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
        self._reply_service = reply_service
        self._rules = rules
        self._clock = clock
        self._budget = budget
        self._new_token = new_token
        self._delay_seconds = delay_seconds
        self._seconds_to_begin = rules.seconds_to_begin(budget.remaining())
        self._result = NotificationResult()
        self._retry_sender = RetrySender(retry_queue, clock, budget, rules.call_seconds)
        self._senders = Senders(
            store, clock, new_token, self._result.problems, self._retry_sender.note_changed
        )
        self._turns = OpenTurns(
            self._senders, self._retry_sender, rules, clock, budget, delay_seconds
        )
        self._needs: dict[str, Need] = {}
        self._asked: set[tuple[str, Need]] = set()
        self._unsent: set[str] = set()

    def notify(self, notifications: Iterable[Notification]) -> NotificationResult:
        """Notify about each sender's newest message, or see to it that somebody does later."""
        if not self._rules.turns.answers_opt_outs:
            notifications = without_opt_outs(notifications)
        left = newest_per_sender(notifications)
        while left and self._budget.lasts(self._seconds(PASS)):
            begun = self._clock()
            is_rejected = self._senders.read(left, self._needs)
            steps, new_needs = self._decide(left), self._new_needs()
            is_quick = self._clock() - begun < QUICK_READ_SECONDS
            if is_quick and any(each.is_one_call for each in new_needs):
                continue  # so that nobody's reads wait for others' POSTs
            claims = {s: each for s, each in steps.items() if each.is_claim}
            others = {s: each for s, each in steps.items() if not each.is_claim}
            done = self._apply(others, bool(claims or self._needs)) | self._claim(claims)
            late = [left[s] for s in claims.keys() - done] if self._is_too_late() else []
            done |= self._postpone(late, until=self._clock())
            if self._budget.lasts(self._seconds(2 * STEPS)):
                self._turns.end_left()
            left = {s: each for s, each in left.items() if s not in done}
            if is_rejected or not left:
                break
            is_stuck = not done and not new_needs
            if is_stuck and not self._budget.pause(self._seconds(PASS)):
                break
        self._turns.finish(self._result)
        self._result.unhandled |= left.keys() - self._postpone(list(left.values()))
        return self._result

    # Decide

    def _decide(self, left: Mapping[str, Notification]) -> dict[str, Step]:
        """What to do about each sender of whom enough is known."""
        self._needs = {}
        steps = {}
        for sender in [each for each in left if each in self._senders.facts]:
            decision = self._decision(left[sender], self._senders.facts[sender])
            if isinstance(decision, Need):
                self._needs[sender] = decision
            else:
                steps[sender] = decision
        return steps

    def _new_needs(self) -> list[Need]:
        """What was never asked for: it is read without a pause."""
        new = self._needs.items() - self._asked
        self._asked |= new
        return [need for _, need in new]

    def _decision(self, notification: Notification, facts: Facts) -> Step | Need:
        if self._turns.is_ours(notification.sender_id):  # a claim whose answer was lost
            claim = self._turns.claim_of(notification.sender_id)
            return Step(None, claim.notification, facts.state, is_claim=True)
        now, token = self._clock(), self._new_token()
        facts.forget_old(now, self._rules.seconds_to_start)
        return decide(notification, facts, now, token, self._rules.turns, self._delay_seconds)

    # What needs no POST

    def _apply(self, steps: Mapping[str, Step], are_others_waiting: bool) -> set[str]:
        """Send, then write; gives the senders that are done with.

        Nobody's POST waits for a queue that takes nothing: what could not be sent is tried again
        when nobody else is to be decided about or claimed.
        """
        held_back = self._unsent if are_others_waiting else set()
        due = {s: step for s, step in steps.items() if s not in held_back}
        rows = self._senders.rows(due)
        sent = self._retry_sender.send(due, rows, until=self._clock())
        self._unsent |= due.keys() - sent
        saved = self._senders.save({s: self._retry_sender.as_sent(steps[s], rows[s]) for s in sent})
        for sender in saved:
            self._result.note(steps[sender])
        self._senders.forget(steps.keys() - saved)
        return saved

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
            claimed = self._senders.save(states)
            self._senders.forget(set(part) - claimed)
            if claimed:
                self._post([sender for sender in part if sender in claimed])
            done |= claimed
        return done

    def _claiming(self, sender: str, step: Step) -> NotificationState | None:
        """The row with a claim that counts from now on; None if it has to be decided anew."""
        turn = step.state.turn
        if turn is None or self._turns.is_ours(sender):
            return step.state
        if self._clock() > turn.claimed_at + self._rules.seconds_to_start:
            return None
        return replace(step.state, turn=self._turns.claim(sender, turn))

    def _post(self, senders: Sequence[str]) -> None:
        """POST for claimed turns, and end each as its answer comes.

        Nobody's turn waits for somebody else's row or wake-up: there is one try while answers are
        awaited, and what that leaves is tried again after the round.
        """
        claims = {sender: self._turns.claim_of(sender) for sender in senders}
        earliest = math.inf if self._is_too_late() else self._clock() - self._rules.seconds_to_start
        turns = {sender: each for sender, each in claims.items() if each.claimed_at >= earliest}
        known = dict.fromkeys(claims.keys() - turns.keys(), PostEnd(Outcome.NOT_SENT))
        unread = set(turns)
        for ends in self._answers(turns):
            unread -= ends.keys()
            known |= ends
            if self._budget.lasts(self._seconds(3 * STEPS)):  # else all the rest at once
                self._turns.end(known)
                known = {}
        self._turns.keep(known | dict.fromkeys(unread, PostEnd(Outcome.UNKNOWN)))
        self._turns.end_left()

    def _answers(self, turns: Mapping[str, Turn]) -> Iterator[Mapping[str, PostEnd]]:
        if not turns:
            return
        facts = self._senders.facts
        unreadable = {sender for sender in turns if facts[sender].has_unreadable_limit()}
        self._result.unreadable_limits |= unreadable
        start_by = min(turn.claimed_at for turn in turns.values()) + self._rules.seconds_to_start
        notifications = [turn.notification for turn in turns.values()]
        yield from self._reply_service.post(notifications, start_by - self._clock())

    # Time and what is left of it

    def _postpone(self, left: Sequence[Notification], until: float = math.inf) -> set[str]:
        """Schedule what there is no time for, as no attempt; gives the senders that it did for."""
        now = self._clock()
        wake_ups = {
            n.sender_id: replace(n, wake_at=now + self._delay_seconds(n.attempt)) for n in left
        }
        scheduled = self._retry_sender.postpone(wake_ups, until)
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
