"""Twilio's auth tokens, cached, so that neither messages nor forged requests become calls."""

from collections.abc import Callable, Sequence

from consumer.errors import SecretUnavailable
from consumer.retry_budget import RetryBudget

CACHE_SECONDS = 300.0
RENEWAL_SECONDS = 60.0


class AuthTokens:
    """All tokens that may have signed a request; several while one is rotated.

    `fetch` gives them, separated by commas, and raises SecretUnavailable. `clock` is the wall's,
    in seconds: a monotonic one may stand still in a frozen container.
    """

    def __init__(self, fetch: Callable[[], str], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._tokens: Sequence[str] = ()
        self._fetched_at = self._tried_at = float("-inf")

    def current(self, budget: RetryBudget, reserve: float = 0.0) -> Sequence[str]:
        """The tokens, at most five minutes old.

        While they cannot be fetched anew, the old ones count, and one try a minute is made.
        Raises SecretUnavailable when there are none.
        """
        if self._tokens:
            if self._age(self._fetched_at) >= CACHE_SECONDS:
                self._try_to_renew()
            return self._tokens
        while True:
            try:
                return self._renew()
            except SecretUnavailable:
                if not budget.pause(reserve):
                    raise

    def after_mismatch(self) -> tuple[Sequence[str], bool]:
        """The tokens to try once more, and whether they are so new that a mismatch is a forgery.

        Fetches at most once a minute. Tokens older than that may be from before a rotation.
        """
        self._try_to_renew()
        return self._tokens, self._age(self._fetched_at) < RENEWAL_SECONDS

    def _try_to_renew(self) -> None:
        if self._age(self._tried_at) >= RENEWAL_SECONDS:
            try:
                self._renew()
            except SecretUnavailable:
                return

    def _renew(self) -> Sequence[str]:
        self._tried_at = self._clock()
        self._tokens = split_tokens(self._fetch())
        self._fetched_at = self._clock()
        return self._tokens

    def _age(self, moment: float) -> float:
        return self._clock() - moment


def split_tokens(text: str) -> tuple[str, ...]:
    """The tokens of a secret, in which commas separate them."""
    stated = (each.strip() for each in text.split(","))
    return tuple(each for each in stated if each)
