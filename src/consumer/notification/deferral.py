"""Where news goes that cannot be told now: parked for another try, given up, or given back.

What can be neither parked nor given up is lost to this invocation: its claims are given
back, and the next delivery may try.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.ports import NotificationStore, RetryQueue
from consumer.notification.retry_record import retry_body
from consumer.notification.state import Claim
from consumer.retry_budget import RetryBudget

T = TypeVar("T")

# Parking, giving up, giving back: that many calls when each goes through at once.
STEPS = 3


@dataclass(frozen=True, slots=True)
class DeferralResult:
    """What became of each sender's news; `given_up` with the reason."""

    scheduled: set[str]
    dead_lettered: dict[str, str]
    lost: set[str]


class Deferral:
    """Sets news aside; `call_seconds` is the longest that one call takes."""

    def __init__(
        self,
        retry_queue: RetryQueue,
        notifications: NotificationStore,
        budget: RetryBudget,
        max_attempts: int,
        call_seconds: float,
    ) -> None:
        self._retry_queue = retry_queue
        self._notifications = notifications
        self._budget = budget
        self._max_attempts = max_attempts
        self._call_seconds = call_seconds

    def defer(
        self,
        notifications: Sequence[Notification],
        reasons: Mapping[str, str],
        claims: Sequence[Claim],
        steps_behind: int = 0,
    ) -> DeferralResult:
        """Park for the next attempt; give up who has a reason, or has used up the attempts.

        `claims`: to be given back where that fails. `steps_behind`: calls that are still to
        come after this, for which time is left.
        """
        upcoming = [replace(each, attempt=each.attempt + 1) for each in notifications]
        reasons = dict(reasons) | {
            n.sender_id: f"given up after {n.attempt - 1} attempts"
            for n in upcoming
            if n.attempt > self._max_attempts and n.sender_id not in reasons
        }
        to_park = {n.sender_id: n for n in upcoming if n.sender_id not in reasons}
        to_end = {
            n.sender_id: RejectedNotification(n.sender_id, retry_body(n), reasons[n.sender_id])
            for n in upcoming
            if n.sender_id in reasons
        }
        scheduled = self._insist(to_park, self._retry_queue.schedule, steps_behind + 2)
        dead_lettered = self._insist(to_end, self._retry_queue.dead_letter, steps_behind + 1)
        lost = {n.sender_id for n in notifications} - scheduled - dead_lettered
        self._give_back(
            [each for each in claims if each.notification.sender_id in lost], steps_behind
        )
        return DeferralResult(
            scheduled, {sender: reasons[sender] for sender in dead_lettered}, lost
        )

    def reject(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send records that cannot be read to the dead-letter queue; gives the ids that went."""
        return self._insist({r.id: r for r in rejected}, self._retry_queue.dead_letter, 0)

    def seconds(self, steps: int) -> float:
        """How long that many calls take at the most."""
        return steps * self._call_seconds

    def _give_back(self, claims: Sequence[Claim], steps_behind: int) -> None:
        wanted = {claim.notification.sender_id: claim for claim in claims}
        self._insist(wanted, self._notifications.release, steps_behind)

    def _insist(
        self, wanted: dict[str, T], act: Callable[[Sequence[T]], set[str]], steps_behind: int
    ) -> set[str]:
        """Repeat a call for what it has not done yet, while there is time; gives what is done.

        One try is made however little time is left: a claim that nobody gives back would
        turn news that is known to be undelivered into an unknown outcome.
        """
        done: set[str] = set()
        while wanted.keys() - done:
            done |= act([each for key, each in wanted.items() if key not in done])
            if wanted.keys() - done and not self._budget.pause(self.seconds(steps_behind)):
                break
        return done
