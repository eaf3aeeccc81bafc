"""The retry queue, and the dead-letter queue behind it."""

from collections.abc import Callable, Sequence

from consumer.aws.sqs import SqsSender, string_attributes
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.retry_record import retry_body

MAX_DELAY_SECONDS = 900


FIRST_DELAY_SECONDS = 5


class SqsRetryQueue:
    """The retry queue and the queue where news ends; see RetryQueue. `random` gives 0 to 1."""

    def __init__(
        self, sender: SqsSender, url: str, dlq_url: str, random: Callable[[], float]
    ) -> None:
        self._sender = sender
        self._url = url
        self._dlq_url = dlq_url
        self._random = random

    def schedule(self, notifications: Sequence[Notification]) -> set[str]:
        """Queue each with a delay that doubles by attempt, half of it jitter."""
        return self._sender.send(
            self._url,
            {
                each.sender_id: {
                    "MessageBody": retry_body(each),
                    "DelaySeconds": delay_seconds(each.attempt, self._random()),
                }
                for each in notifications
            },
        )

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send each with its reason."""
        return self._sender.send(
            self._dlq_url,
            {
                each.id: {
                    "MessageBody": each.body or "{}",
                    "MessageAttributes": string_attributes({"Reason": each.reason}),
                }
                for each in rejected
            },
        )


def delay_seconds(attempt: int, random: float) -> int:
    """Seconds before the attempt (the second is the first that waits); `random` from 0 to 1."""
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS << max(0, min(attempt, 20) - 2))
    return round(longest / 2 + random * longest / 2)
