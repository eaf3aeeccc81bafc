"""Where news goes that cannot be told now: parked for another try, given up, or given back.

What can be neither parked nor given up is lost to this invocation: its claims are given
back, and the next delivery may try.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.news import News, RejectedNews, retry_body
from domain.notifications import Claim
from domain.patience import Patience
from domain.ports import NotificationStore, RetryQueue

T = TypeVar("T")

# Parking, giving up, giving back: that many calls when each goes through at once.
STEPS = 3


@dataclass(frozen=True, slots=True)
class SetAside:
    """What became of each sender's news; `given_up` with the reason."""

    parked: set[str]
    given_up: dict[str, str]
    lost: set[str]


class Parking:
    """Sets news aside; `call_seconds` is the longest that one call takes."""

    def __init__(
        self,
        retry_queue: RetryQueue,
        notifications: NotificationStore,
        patience: Patience,
        max_attempts: int,
        call_seconds: float,
    ) -> None:
        self._retry_queue = retry_queue
        self._notifications = notifications
        self._patience = patience
        self._max_attempts = max_attempts
        self._call_seconds = call_seconds

    def set_aside(
        self,
        news: Sequence[News],
        reasons: Mapping[str, str],
        claims: Sequence[Claim],
        steps_behind: int = 0,
    ) -> SetAside:
        """Park for the next attempt; give up who has a reason, or has used up the attempts.

        `claims`: to be given back where that fails. `steps_behind`: calls that are still to
        come after this, for which time is left.
        """
        upcoming = [replace(each, attempt=each.attempt + 1) for each in news]
        reasons = dict(reasons) | {
            n.sender_id: f"given up after {n.attempt - 1} attempts"
            for n in upcoming
            if n.attempt > self._max_attempts and n.sender_id not in reasons
        }
        to_park = {n.sender_id: n for n in upcoming if n.sender_id not in reasons}
        to_end = {
            n.sender_id: RejectedNews(n.sender_id, retry_body(n), reasons[n.sender_id])
            for n in upcoming
            if n.sender_id in reasons
        }
        parked = self._insist(to_park, self._retry_queue.park, steps_behind + 2)
        given_up = self._insist(to_end, self._retry_queue.give_up, steps_behind + 1)
        lost = {n.sender_id for n in news} - parked - given_up
        self._give_back([each for each in claims if each.news.sender_id in lost], steps_behind)
        return SetAside(parked, {sender: reasons[sender] for sender in given_up}, lost)

    def reject(self, rejected: Sequence[RejectedNews]) -> set[str]:
        """Send records that cannot be read to the dead-letter queue; gives the ids that went."""
        return self._insist({r.id: r for r in rejected}, self._retry_queue.give_up, 0)

    def seconds(self, steps: int) -> float:
        """How long that many calls take at the most."""
        return steps * self._call_seconds

    def _give_back(self, claims: Sequence[Claim], steps_behind: int) -> None:
        wanted = {claim.news.sender_id: claim for claim in claims}
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
            if wanted.keys() - done and not self._patience.pause(self.seconds(steps_behind)):
                break
        return done
