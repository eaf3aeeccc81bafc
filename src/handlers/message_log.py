"""One log line for each message and stage: its id, and what became of it.

Event names are fixed; `unc trace` reads them. No line holds a text or a person's whole id.
"""

from collections.abc import Sequence, Set
from datetime import UTC, datetime

from consumer.conversation.batch import Batch, RejectedRecord
from consumer.conversation.store_messages import StoreResult
from consumer.masking import mask
from consumer.notification.notification import Notification
from consumer.notification.notification_result import NotificationResult
from consumer.notification.step import Outcome, PostEnd, Status, Step
from consumer.webhook.message import ChatKey
from logger_setup import Logger


def log_received(log: Logger, batch: Batch, result: StoreResult) -> None:
    """Say of each message of a batch whether it was new and which session has it."""
    logged = set[ChatKey]()
    for _, message in batch.messages:
        key, session = message.key, result.sessions.get(message.sender_id)
        sender, session_id = message.sender_id, session.session_id if session else None
        if key in result.stored and key not in logged:
            log.info(
                "message stored",
                sender=mask(sender),
                message_id=message.message_id,
                session_id=session_id,
            )
        elif result.has(key):
            log.info("message received again", sender=mask(sender), message_id=message.message_id)
        logged.add(key)


def log_not_stored(
    log: Logger, batch: Batch, quarantined: Sequence[RejectedRecord], failed: Set[str]
) -> None:
    """Say of each record that it is a dead letter, and why, or that it comes again."""
    messages = {record.id: message for record, message in batch.messages}
    for each in quarantined:
        message = messages.get(each.record.id)
        log.warning(
            "message quarantined",
            reason=each.reason,
            record_id=each.record.id,
            message_id=message.message_id if message else None,
        )
    for record, message in batch.messages:
        if record.id in failed:
            log.info(
                "message not stored, comes again",
                sender=mask(message.sender_id),
                message_id=message.message_id,
                record_id=record.id,
            )


def log_notifications(
    log: Logger, brought: Sequence[Notification], result: NotificationResult
) -> None:
    """Say of each message that was brought, and of each that was taken instead, how it ended."""
    ends = {step.notification.sender_id: (step, end) for step, end in result.steps}
    taken = {sender: step.notification.message_id for sender, (step, _) in ends.items()}
    for step, end in ends.values():
        _log_step(log, step, end)
    for message_id, sender, opt_out in _each_once(brought):
        newer_id = taken.get(sender)
        if newer_id is None:
            _log_without_step(log, message_id, sender, result)
        elif newer_id != message_id and opt_out:
            log.info("message opted out", sender=mask(sender), message_id=message_id)
        elif newer_id != message_id:
            log.info(
                "message covered by a newer one",
                sender=mask(sender),
                message_id=message_id,
                newer_id=newer_id,
            )


def _each_once(brought: Sequence[Notification]) -> list[tuple[str, str, str]]:
    return list(dict.fromkeys((n.message_id, n.sender_id, n.opt_out) for n in brought))


def _log_step(log: Logger, step: Step, end: PostEnd | None) -> None:
    sender, message_id = step.notification.sender_id, step.notification.message_id
    if step.unknown_id or step.status is Status.UNKNOWN:
        unknown_id = step.unknown_id or message_id
        log.warning("reply outcome unknown", sender=mask(sender), message_id=unknown_id)
    match step.status:
        case Status.UNKNOWN:
            pass
        case Status.NOTIFIED:
            attempt = step.notification.attempt
            log.info(
                "message notified", sender=mask(sender), message_id=message_id, attempt=attempt
            )
        case Status.COVERED:
            log.info("message covered", sender=mask(sender), message_id=message_id)
        case Status.DELETED:
            log.info("message deleted before it was notified", message_id=message_id)
        case Status.OPTED_OUT:
            log.info("message opted out", sender=mask(sender), message_id=message_id)
        case Status.DEAD_LETTERED:
            log.error(
                "notification dead-lettered",
                sender=mask(sender),
                message_id=message_id,
                reason=step.dead_letter,
            )
        case _:
            _log_waiting(log, step, end)


def _log_waiting(log: Logger, step: Step, end: PostEnd | None) -> None:
    """Say what a message waits for, and until when where this step has set the moment."""
    sender, message_id = step.notification.sender_id, step.notification.message_id
    until = _moment(step.wake_at)
    if step.status is Status.LIMITED:
        log.info(
            "message limited",
            sender=mask(sender),
            message_id=message_id,
            until=_moment(step.limited_until),
            reason="paused" if step.is_paused else None,
        )
    elif step.status is Status.WAITING:
        log.info(
            "message waits for its turn", sender=mask(sender), message_id=message_id, until=until
        )
    elif end and end.outcome is Outcome.UNKNOWN:
        log.info(
            "reply outcome is looked up", sender=mask(sender), message_id=message_id, until=until
        )
    else:
        log.info(
            "notification scheduled for retry",
            sender=mask(sender),
            message_id=message_id,
            attempt=step.notification.attempt,
            until=until,
            reason=end.explain(end.outcome.value) if end else None,
        )


def _log_without_step(
    log: Logger, message_id: str, sender: str, result: NotificationResult
) -> None:
    """Nothing was decided about it, or the row was not written."""
    if sender in result.unhandled:
        log.info(
            "notification not handled, comes again", sender=mask(sender), message_id=message_id
        )
    elif sender in result.scheduled:
        log.info(
            "notification scheduled for retry",
            sender=mask(sender),
            message_id=message_id,
            reason="out of time",
        )


def _moment(seconds: float | None) -> str | None:
    """A moment as ISO text; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
