"""How a turn ends whose POST has ended."""

from dataclasses import replace

from consumer.notification.notification import Notification
from consumer.notification.state import NotificationState
from consumer.notification.step import (
    FOLLOW_UP_SECONDS,
    Outcome,
    PostEnd,
    ResendUnknown,
    Status,
    Step,
    TurnRules,
    given_up,
    waking,
)


def end_turn(
    state: NotificationState, end: PostEnd, now: float, backoff: float, rules: TurnRules
) -> Step:
    """How a turn ends whose POST has ended; `backoff`: seconds until the next attempt."""
    assert state.turn is not None
    outcome = end.outcome
    turn, notification = state.turn, state.turn.notification
    if outcome is Outcome.UNKNOWN and rules.resend_unknown is ResendUnknown.CHECK:
        waiting = replace(state, turn=replace(turn, open_until=min(now, turn.open_until)))
        return waking(Status.SCHEDULED, notification, waiting, now + rules.outcome_seconds)
    ended = state.without_turn(now)
    if outcome is Outcome.ACCEPTED:
        return _handed_over(Status.NOTIFIED, notification, ended, now, rules)
    if outcome is Outcome.UNKNOWN and rules.resend_unknown is ResendUnknown.NEVER:
        return _handed_over(Status.UNKNOWN, notification, ended, now, rules)
    if outcome is Outcome.NOT_SENT:
        released = replace(state, turn=None).with_pending(notification)
        return waking(Status.WAITING, notification, released, now + backoff)
    if outcome is Outcome.REJECTED:
        reason = end.explain("the reply service rejected it")
        return given_up(notification, ended, reason, now + backoff)
    return _failed(notification, ended, end, now + backoff, rules)


def _handed_over(
    status: Status,
    notification: Notification,
    ended: NotificationState,
    now: float,
    rules: TurnRules,
) -> Step:
    """The turn is over and covers its message; what is newer gets a wake-up without delay."""
    covered = ended.covered_through(notification.stored_at)
    if covered.pending is None:
        return Step(status, notification, covered)
    pending = covered.pending
    quiet = min(
        float(pending.notification.stored_at) + rules.quiet_seconds,
        float(pending.since) + rules.longest_wait_seconds,
    )
    wake_at = max(now + FOLLOW_UP_SECONDS, quiet if rules.quiet_seconds else 0.0)
    return waking(status, notification, covered, wake_at)


def _failed(
    notification: Notification,
    ended: NotificationState,
    end: PostEnd,
    wake_at: float,
    rules: TurnRules,
) -> Step:
    """A known failure: it waits for its next attempt, or, after the last, is dead-lettered."""
    if notification.attempt >= rules.max_attempts:
        reason = end.explain(f"given up after {notification.attempt} attempts")
        return given_up(notification, ended, reason, wake_at)
    again = replace(notification, attempt=notification.attempt + 1)
    return waking(Status.SCHEDULED, again, ended.with_pending(again), wake_at)
