"""Sends an invocation's wake-ups and dead letters: again while they fail, else once.

A second wake-up is sent where somebody has changed the row since and the first comes too late.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.ports import RetryQueue
from consumer.notification.retry_record import retry_body
from consumer.notification.state import NotificationState
from consumer.notification.step import Step
from consumer.retry_budget import RetryBudget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentWakeUp:
    """A wake-up that was accepted, and the row's revision when it was decided.

    `revision` None: somebody else has written the row since.
    """

    wake_at: float
    revision: str | None


class RetrySender:
    """Remembers what was accepted, so that a row whose writing fails costs no second message."""

    def __init__(
        self,
        retry_queue: RetryQueue,
        clock: Callable[[], float],
        budget: RetryBudget,
        call_seconds: float,
    ) -> None:
        self._retry_queue = retry_queue
        self._clock = clock
        self._budget = budget
        self._call_seconds = call_seconds
        self._wake_ups: dict[str, SentWakeUp] = {}
        self._dead_letters: set[tuple[str, str]] = set()

    def reject(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send what cannot be read to the dead-letter queue; gives the ids that went."""
        return self._insist({r.id: r for r in rejected}, self._retry_queue.dead_letter, 0)

    def postpone(self, wake_ups: Mapping[str, Notification], until: float) -> set[str]:
        """Schedule what was not scheduled before; gives the senders who have a wake-up now."""
        known = {s for s, each in wake_ups.items() if self._has_wake_up(s, each.wake_at or 0.0)}
        left = {s: each for s, each in wake_ups.items() if s not in known}
        return known | self._insist(left, self._schedule, 0, until)

    def send(
        self,
        steps: Mapping[str, Step],
        rows: Mapping[str, NotificationState],
        until: float,
        calls_behind: int = 0,
    ) -> set[str]:
        """Send dead letters, then wake-ups; gives the senders of whom nothing is left to send.

        `rows`: as they were read. No call is repeated after `until` (epoch seconds), nor in the
        time of the `calls_behind` that follow the writing of the rows.
        """
        letters = {
            s: RejectedNotification(s, retry_body(step.notification), step.dead_letter)
            for s, step in steps.items()
            if step.dead_letter and _letter_key(step) not in self._dead_letters
        }
        gone = self._insist(letters, self._retry_queue.dead_letter, 2 + calls_behind, until)
        self._dead_letters |= {_letter_key(steps[sender]) for sender in gone}
        unsent = letters.keys() - gone
        moments = {
            s: step.wake_at
            for s, step in steps.items()
            if step.wake_at is not None and s not in unsent
        }
        known = {s for s, wake_at in moments.items() if self._will_wake(s, wake_at, rows[s])}
        wake_ups = {
            s: replace(steps[s].notification, wake_at=wake_at)
            for s, wake_at in moments.items()
            if s not in known
        }
        gone = self._insist(wake_ups, self._schedule, 1 + calls_behind, until)
        for sender in known | gone:
            wake_at = self._wake_ups[sender].wake_at if sender in known else moments[sender]
            self._wake_ups[sender] = SentWakeUp(wake_at, rows[sender].revision)
        return steps.keys() - unsent - (wake_ups.keys() - gone)

    def repeat(self, notifications: Mapping[str, Notification]) -> set[str]:
        """Send wake-ups, whatever was sent before, by one try; gives the senders whose went."""
        now = self._clock()
        wake_ups = {
            s: replace(each, wake_at=round(max(now, each.wake_at or 0.0), 3))
            for s, each in notifications.items()
        }
        return self._insist(wake_ups, self._schedule, 0, until=now)

    def note_changed(self, senders: Iterable[str]) -> None:
        """Somebody else has written these rows: a wake-up that was sent may come too late."""
        for sender in self._wake_ups.keys() & set(senders):
            self._wake_ups[sender] = replace(self._wake_ups[sender], revision=None)

    def as_sent(self, step: Step, row: NotificationState) -> NotificationState:
        """The row after the step; only a wake-up that was accepted is written into it.

        One that stood there before stays, unless it comes too late for the step.
        """
        if step.wake_at is None:
            return step.state
        sent = self._wake_ups.get(step.notification.sender_id)
        if sent is not None and sent.revision == row.revision:
            return replace(step.state, wake_at=sent.wake_at)
        return replace(step.state, wake_at=row.wake_at if row.wake_at <= step.wake_at else 0.0)

    def _will_wake(self, sender: str, wake_at: float, row: NotificationState) -> bool:
        """Whether a wake-up that was sent before does for this moment.

        While nobody has written the row since, it does: who handles it learns of the same news.
        """
        sent = self._wake_ups.get(sender)
        if sent is None:
            return False
        return sent.revision == row.revision or self._clock() < sent.wake_at <= wake_at

    def _has_wake_up(self, sender: str, wake_at: float) -> bool:
        """The same, where the row is not known."""
        sent = self._wake_ups.get(sender)
        return sent is not None and (sent.revision is not None or sent.wake_at <= wake_at)

    def _schedule(self, notifications: Sequence[Notification]) -> set[str]:
        return self._retry_queue.schedule(notifications, self._clock())

    def _insist(
        self,
        wanted: Mapping[str, T],
        act: Callable[[Sequence[T]], set[str]],
        calls_behind: int,
        until: float = math.inf,
    ) -> set[str]:
        """Repeat a call for what it has not done yet, while there is time; gives what is done.

        One try is made however little time is left. `calls_behind`: how many follow it.
        """
        done: set[str] = set()
        while wanted.keys() - done:
            done |= act([each for key, each in wanted.items() if key not in done])
            if not wanted.keys() - done or self._clock() >= until:
                break
            if not self._budget.pause(calls_behind * self._call_seconds):
                break
        return done


def _letter_key(step: Step) -> tuple[str, str]:
    return step.notification.sender_id, step.notification.idempotency_key
