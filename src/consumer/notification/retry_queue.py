"""The retry queue, which is the timer of turns and retries, and the dead-letter queue behind it.

DelaySeconds goes up to 900:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

import math
from collections.abc import Sequence

from consumer.aws.sqs import SqsSender, string_attributes
from consumer.notification.notification import Notification, RejectedNotification
from consumer.notification.retry_record import retry_body

MAX_DELAY_SECONDS = 900
FIRST_DELAY_SECONDS = 5


class SqsRetryQueue:
    """See RetryQueue."""

    def __init__(self, sender: SqsSender, url: str, dlq_url: str) -> None:
        self._sender = sender
        self._url = url
        self._dlq_url = dlq_url

    def schedule(self, notifications: Sequence[Notification], now: float) -> set[str]:
        """Queue each until its `wake_at`, or for as long as SQS delays a message."""
        entries = {
            each.sender_id: {
                "MessageBody": retry_body(each),
                "DelaySeconds": whole_delay((each.wake_at or now) - now),
            }
            for each in notifications
        }
        return self._sender.send(self._url, entries)

    def dead_letter(self, rejected: Sequence[RejectedNotification]) -> set[str]:
        """Send each with its reason."""
        entries = {
            each.id: {
                "MessageBody": each.body or "{}",
                "MessageAttributes": string_attributes({"Reason": each.reason}),
            }
            for each in rejected
        }
        return self._sender.send(self._dlq_url, entries)


def whole_delay(seconds: float) -> int:
    """Seconds as SQS takes them: whole, at least as long, at most 900."""
    return min(MAX_DELAY_SECONDS, max(0, math.ceil(seconds)))


def backoff_seconds(attempt: int, random: float) -> float:
    """Seconds before the attempt (the second is the first that waits); `random` from 0 to 1."""
    longest = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS << max(0, min(attempt, 20) - 2))
    return longest / 2 + random * longest / 2
