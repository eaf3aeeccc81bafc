"""The context that Lambda would give."""

from collections.abc import Callable

Call = Callable[[], object]


class Context:
    """A fresh invocation."""

    aws_request_id = "00000000-0000-4000-8000-00000000beef"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that the template gives the notifier."""
        return 90_000


CONTEXT = Context()
