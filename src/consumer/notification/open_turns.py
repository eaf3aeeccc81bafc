"""The turns that an invocation has claimed, until each has ended.

A turn ends by a wake-up, if one is needed, and then by its row. Each is tried once while answers
are awaited, so that nobody's turn waits for somebody else's; what that leaves is tried again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from consumer.notification.notification import Notification
from consumer.notification.notification_result import NotificationResult
from consumer.notification.notifier_rules import STEPS, NotifierRules
from consumer.notification.retry_sender import RetrySender
from consumer.notification.senders import Senders
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome, PostEnd, Status, Step
from consumer.notification.turn_end import end_turn
from consumer.retry_budget import RetryBudget

# How many calls' time an invocation goes on sending wake-ups that it owes, at its end.
OWED_CALLS = 2
# Known to have ended so, whatever cannot be sent after it.
ENDED = (Status.NOTIFIED, Status.UNKNOWN)


class OpenTurns:
    """Claims turns and ends them."""

    def __init__(
        self,
        senders: Senders,
        retry_sender: RetrySender,
        rules: NotifierRules,
        clock: Callable[[], float],
        budget: RetryBudget,
        delay_seconds: Callable[[int], float],
    ) -> None:
        self._senders = senders
        self._retry_sender = retry_sender
        self._rules = rules
        self._clock = clock
        self._budget = budget
        self._delay_seconds = delay_seconds
        self._claims: dict[str, Turn] = {}
        self._unended: dict[str, PostEnd] = {}
        self._ended: dict[str, tuple[Step, PostEnd]] = {}
        self._unscheduled: set[str] = set()
        # Wake-ups that the row does not count on: it was written after their time, or without.
        self._early: dict[str, Notification] = {}
        self._owed: dict[str, Notification] = {}

    def claim(self, sender: str, turn: Turn) -> Turn:
        """The turn, counted from now on; it is ours once the row says so."""
        now = self._clock()
        open_until = now + self._rules.turns.open_seconds
        self._claims[sender] = replace(turn, claimed_at=now, open_until=open_until)
        return self._claims[sender]

    def claim_of(self, sender: str) -> Turn:
        return self._claims[sender]

    def is_ours(self, sender: str) -> bool:
        """Whether the open turn is one that this invocation has claimed."""
        turn, claim = self._senders.row(sender).turn, self._claims.get(sender)
        return turn is not None and claim is not None and turn.token == claim.token

    def keep(self, ends: Mapping[str, PostEnd]) -> None:
        """Note how POSTs have ended, to end their turns later."""
        self._unended |= ends

    def end(self, ends: Mapping[str, PostEnd], *, are_others_awaited: bool = True) -> None:
        """Try to end turns; those that are still open and ours are kept.

        While others are awaited each call is made once. Else sending is repeated for the time of
        one call, and the rows say what was sent, be it nothing: a known end that stood in no row
        would become an unknown one when the claim is over.
        """
        until = self._clock() + (0.0 if are_others_awaited else self._rules.call_seconds)
        calls_behind = 2 * STEPS if are_others_awaited else STEPS
        steps = {sender: self._ending(sender, end) for sender, end in ends.items()}
        before = self._senders.rows(steps)
        sent = self._retry_sender.send(steps, before, until, calls_behind)
        self._unscheduled = (self._unscheduled | steps.keys()) - sent
        self._ended |= {s: (step, ends[s]) for s, step in steps.items()}
        rows = {
            s: self._retry_sender.as_sent(step, before[s])
            for s, step in steps.items()
            if s in sent or not are_others_awaited
        }
        saved = self._senders.save(rows)
        for sender in saved:
            self._note_owed(steps[sender], sender in sent, before[sender], rows[sender])
        left = {s: end for s, end in ends.items() if s not in saved}
        self._unended = {s: end for s, end in self._unended.items() if s not in ends}
        self._unended |= self._still_open(left) if left else {}

    def end_left(self) -> None:
        """Try to end the turns that are left; then send early wake-ups again, by one try."""
        if self._unended:
            self.end(self._unended, are_others_awaited=False)
        if self._early:
            self._owed |= self._early
            self._send_owed(self._early)
            self._early = {}

    def finish(self, result: NotificationResult) -> None:
        """End what is left, while there is time; note how every turn has ended.

        What is owed is sent for a while only: where nothing can be sent, the record comes again.
        """
        until = self._clock() + OWED_CALLS * self._rules.call_seconds
        while self._unended or (self._owed and self._clock() < until):
            if not self._budget.pause(2 * STEPS * self._rules.call_seconds):
                break
            self.end_left()
            if self._owed:
                self._send_owed(self._owed)
        if self._unended:
            result.problems.append("turn not ended")
        result.unhandled |= self._unscheduled | self._owed.keys()
        for sender, (step, end) in self._ended.items():
            if sender not in result.unhandled or step.status in ENDED:
                result.note(step, end)

    def _send_owed(self, notifications: Mapping[str, Notification]) -> None:
        sent = self._retry_sender.repeat(notifications)
        self._owed = {s: each for s, each in self._owed.items() if s not in sent}
        self._unscheduled -= sent

    def _note_owed(
        self, step: Step, is_sent: bool, before: NotificationState, after: NotificationState
    ) -> None:
        """Owe a wake-up that the row was written without, or after its time.

        Who handled it before the row was written saw an open turn, and a later wake-up.
        """
        if step.wake_at is None or (step.dead_letter and not is_sent):
            return
        notification = replace(step.notification, wake_at=step.wake_at)
        if not is_sent:
            self._owed[notification.sender_id] = notification
        elif after.wake_at <= min(self._clock(), before.wake_at):
            self._early[notification.sender_id] = notification

    def _ending(self, sender: str, end: PostEnd) -> Step:
        attempt = self._claims[sender].notification.attempt
        backoff = self._delay_seconds(attempt + (end.outcome is not Outcome.NOT_SENT))
        row = self._senders.row(sender)
        return end_turn(row, end, self._clock(), backoff, self._rules.turns)

    def _still_open(self, left: Mapping[str, PostEnd]) -> dict[str, PostEnd]:
        """Read the rows again; gives the turns that are still ours to end."""
        self._senders.read_rows_again(left)
        return {s: end for s, end in left.items() if self.is_ours(s)}
