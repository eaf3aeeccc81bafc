"""How long a handler goes on trying: backoff with full jitter, inside its time.

Why full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from collections.abc import Callable

BASE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
LEAST_SECONDS = 2.0  # to report in, whatever was given


class RetryBudget:
    """Counts failed tries; one for each invocation, shared by all its steps.

    `remaining` gives the seconds until the invocation ends; no try starts with less
    than `margin` of them left, so that a call which hangs still ends in time to report.
    Whoever is given little time keeps back no more than half of it, or two seconds: to be
    on the safe side would be to do nothing, now and at every other time.
    """

    def __init__(
        self,
        remaining: Callable[[], float],
        margin: float,
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        self.remaining = remaining
        self._margin = margin
        self._most = max(remaining() / 2, LEAST_SECONDS)
        self._sleep = sleep
        self._random = random
        self._tries = 0

    @property
    def is_over(self) -> bool:
        return not self.lasts()

    def lasts(self, reserve: float = 0.0) -> bool:
        """Whether there is time for a try; `reserve`: seconds to be left beside the margin."""
        return self.remaining() > self._kept_back(reserve)

    def pause(self, reserve: float = 0.0) -> bool:
        """Wait before the next try; False, without waiting, when there is no time for one."""
        self._tries += 1
        longest = min(LONGEST_PAUSE_SECONDS, BASE_SECONDS * 2 ** min(self._tries, 10))
        seconds = self._random() * longest
        if self.remaining() - seconds <= self._kept_back(reserve):
            return False
        self._sleep(seconds)
        return True

    def _kept_back(self, reserve: float) -> float:
        return min(self._margin + reserve, self._most)
