"""New inbound chats become POSTs to the reply service.

Records come from the stream of `chats` or from the retry queue; both go the same way. See
consumer/notification/notifier.py for what is promised.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import container
from consumer.errors import NotHandled
from consumer.masking import mask
from consumer.metrics import NotifierMetric, embedded
from consumer.notification.notification import Notification, RejectedNotification, newest_per_sender
from consumer.notification.notification_result import NotificationResult
from consumer.notification.notifier import Notifier
from consumer.notification.retry_queue import backoff_seconds
from consumer.notification.retry_record import read_retry_record, record_id
from consumer.notification.retry_sender import RetrySender
from consumer.notification.stream_record import read_stream_record
from consumer.retry_budget import RetryBudget
from consumer.text import parse_number
from handlers.arguments import require_sender_id, require_text
from handlers.message_log import log_notifications

# Whoever calls may have a clock that is ahead of ours.
CLOCKS_APART_SECONDS = 60

Records = Iterable[object]


def handle_stream(
    records: Records,
    context: object = None,
    dependencies: container.NotifierDependencies | None = None,
) -> None:
    """Notify the reply service about every new inbound message of a stream batch.

    Raises NotHandled when a notification was neither delivered nor scheduled for retry: the
    batch shall come again, and what was delivered is not delivered twice.
    """
    dependencies = dependencies or container.notifier_dependencies()
    read = [each for record in records if (each := read_stream_record(record)) is not None]
    rejected = [each for each in read if isinstance(each, RejectedNotification)]
    budget = dependencies.runtime.budget(context, calls_behind=bool(rejected))
    result = _notify(
        [each for each in read if isinstance(each, Notification)], budget, dependencies
    )
    unsent = _reject(rejected, budget, dependencies)
    if result.unhandled or unsent:
        raise NotHandled(len(result.unhandled) + len(unsent), result.problems)


def handle_retries(
    records: Records,
    context: object = None,
    dependencies: container.NotifierDependencies | None = None,
) -> list[str]:
    """Notify about what waits in the retry queue; gives the ids of the records to bring again."""
    dependencies = dependencies or container.notifier_dependencies()
    read = [(record_id(record), read_retry_record(record)) for record in records]
    notifications = {own_id: each for own_id, each in read if isinstance(each, Notification)}
    rejected = [each for _, each in read if isinstance(each, RejectedNotification)]
    budget = dependencies.runtime.budget(context, calls_behind=bool(rejected))
    result = _notify(list(notifications.values()), budget, dependencies)
    unsent = _reject(rejected, budget, dependencies)
    again = [own_id for own_id, n in notifications.items() if n.sender_id in result.unhandled]
    return sorted(unsent) + again


def notify_reply_service(
    sender_id: str,
    notification: Notification | None = None,
    dependencies: container.NotifierDependencies | None = None,
    **keys: Any,
) -> NotificationResult:
    """Notify the reply service about one sender's message, unless it is covered or limited.

    Give `notification`, or its fields as keywords (`message_id`, `session_id`, `stored_at` in
    epoch seconds, and optionally `text`, `attempt`). Raises ValueError when neither is given, or
    what is given is no notification of this sender, NotHandled when it was neither delivered
    nor scheduled for retry.
    """
    notification = _given_notification(sender_id, notification, keys)
    dependencies = dependencies or container.notifier_dependencies()
    _require_past(notification.stored_at, dependencies.runtime.clock())
    result = _notify([notification], dependencies.runtime.budget(), dependencies)
    if result.unhandled:
        raise NotHandled(1, result.problems)
    return result


def _given_notification(
    sender_id: str, notification: object, keys: Mapping[str, Any]
) -> Notification:
    require_sender_id(sender_id)
    if notification is None and keys.keys() >= {"message_id", "session_id", "stored_at"}:
        notification = Notification(sender_id, **keys)
    if not isinstance(notification, Notification):
        raise ValueError("give a Notification, or message_id, session_id and stored_at as keywords")
    if notification.sender_id != sender_id:
        raise ValueError("sender_id is not the sender of the notification")
    require_text(message_id=notification.message_id, session_id=notification.session_id)
    stored_at = parse_number(str(notification.stored_at))
    if stored_at is None:
        raise ValueError("stored_at is no number that the table can hold")
    return replace(notification, stored_at=stored_at)


def _require_past(stored_at: Decimal, now: float) -> None:
    """All up to a claim's moment counts as covered: one far ahead would silence the sender."""
    if stored_at > now + CLOCKS_APART_SECONDS:
        raise ValueError("stored_at lies ahead of the clock: it is epoch seconds, not milliseconds")


def _notifier(budget: RetryBudget, dependencies: container.NotifierDependencies) -> Notifier:
    runtime = dependencies.runtime
    return Notifier(
        dependencies.notifications,
        dependencies.reply_service,
        dependencies.retry_queue,
        dependencies.rules,
        runtime.clock,
        budget,
        dependencies.new_token,
        lambda attempt: backoff_seconds(attempt, runtime.random()),
    )


def _notify(
    notifications: Sequence[Notification],
    budget: RetryBudget,
    dependencies: container.NotifierDependencies,
) -> NotificationResult:
    result = _notifier(budget, dependencies).notify(notifications)
    log_notifications(dependencies.log, notifications, result)
    _log(result, newest_per_sender(notifications), dependencies)
    return result


def _reject(
    rejected: Sequence[RejectedNotification],
    budget: RetryBudget,
    dependencies: container.NotifierDependencies,
) -> set[str]:
    """Send them to the dead-letter queue; gives the ids of those that did not get there.

    After the POSTs: a dead-letter queue that is down costs nobody an answer.
    """
    for each in rejected:
        dependencies.log.error("record rejected", reason=each.reason, record_id=each.id)
    clock, call_seconds = dependencies.runtime.clock, dependencies.rules.call_seconds
    sender = RetrySender(dependencies.retry_queue, clock, budget, call_seconds)
    return {each.id for each in rejected} - sender.reject(rejected)


def _log(
    result: NotificationResult,
    newest: Mapping[str, Notification],
    dependencies: container.NotifierDependencies,
) -> None:
    for sender in sorted(result.unreadable_limits):
        dependencies.log.warning("user_limited_until is not readable", sender=mask(sender))
    problems = sorted(set(result.problems))
    if result.unhandled or problems:
        dependencies.log.warning(
            "notifications had problems", unhandled=len(result.unhandled), problems=problems
        )
    dependencies.log.measure("notifications handled", _measures(result, newest, dependencies))


def _measures(
    result: NotificationResult,
    newest: Mapping[str, Notification],
    dependencies: container.NotifierDependencies,
) -> dict[str, Any]:
    now = dependencies.runtime.clock()
    counts: dict[str, int] = {
        NotifierMetric.NOTIFICATIONS: len(newest),
        NotifierMetric.NOTIFIED: len(result.notified),
        NotifierMetric.COVERED: len(result.covered),
        NotifierMetric.LIMITED: len(result.limited),
        NotifierMetric.DELETED: len(result.deleted),
        NotifierMetric.OPTED_OUT: len(result.opted_out),
        NotifierMetric.WAITING: len(result.waiting),
        NotifierMetric.RETRIES_SCHEDULED: len(result.scheduled),
        NotifierMetric.UNKNOWN_OUTCOMES: len(result.unknown),
        NotifierMetric.DEAD_LETTERED: len(result.dead_lettered),
        NotifierMetric.UNHANDLED: len(result.unhandled),
    }
    waits = [1000 * (now - float(newest[sender].stored_at)) for sender in result.notified]
    return embedded(counts, {NotifierMetric.STORED_TO_NOTIFIED: waits}, int(now * 1000))
