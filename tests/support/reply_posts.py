"""POSTs of the real reply service over real sockets."""

import time
from collections.abc import Callable, Mapping

from consumer.aws.client import AwsClient
from consumer.aws.credentials import Credentials
from consumer.aws.http import HttpPool
from consumer.aws.secrets import ReplySecret
from consumer.notification.notification import Notification
from consumer.notification.reply_service import HttpReplyService
from consumer.notification.step import Outcome
from tests.support.builders import notification

PATIENT_SECONDS = 30.0
SECONDS_TO_START = 8.0


def reply_secret() -> ReplySecret:
    return ReplySecret(AwsClient("us-east-1", lambda: Credentials("key", "secret"), HttpPool(1)))


def service(
    url: str,
    timeout: float = PATIENT_SECONDS,
    problems: list[str] | None = None,
    not_notified: list[Mapping[str, int]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    on_end: Callable[[Notification, str, float], None] = lambda *_: None,
) -> HttpReplyService:
    noted = problems if problems is not None else []
    return HttpReplyService(
        HttpPool(4),
        f"{url}/reply/",
        reply_secret(),
        timeout,
        lambda error: noted.append(str(error)),
        (not_notified if not_notified is not None else []).append,
        clock,
        on_end,
    )


def posted(
    service: HttpReplyService, *notifications: Notification, start: float = SECONDS_TO_START
) -> dict[str, Outcome]:
    """The outcomes of all, once they have come."""
    outcomes: dict[str, Outcome] = {}
    for some in service.post(notifications or [notification()], start):
        assert not outcomes.keys() & some.keys()
        outcomes |= {sender: end.outcome for sender, end in some.items()}
    return outcomes
