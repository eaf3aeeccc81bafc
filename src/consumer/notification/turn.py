"""Turn-taking, as a pure decision: what to do about a sender. How a turn ends: turn_end.py.

For one sender at most one POST is open at any moment. What comes meanwhile waits in the row
and is covered by one further POST. The row is the truth, the retry queue is the timer.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from consumer.conversation.session import Session, is_limited, limited_until
from consumer.conversation.session import newest as newest_session
from consumer.notification.facts import Facts, Need
from consumer.notification.notification import STOP, Notification
from consumer.notification.state import (
    NotificationState,
    Turn,
)
from consumer.notification.step import (
    FOLLOW_UP_SECONDS,
    ResendUnknown,
    Status,
    Step,
    TurnRules,
    given_up,
    waking,
)
from consumer.webhook.message import ChatKey

# A message that was stored longer ago than that may have newer ones behind it.
FRESH_SECONDS = 5.0
# A limit that ends within this time delays a notification; a longer one drops it.
LONGEST_LIMIT_SECONDS = 900.0


def decide(
    notification: Notification,
    facts: Facts,
    now: float,
    token: str,
    rules: TurnRules,
    backoff_seconds: Callable[[int], float],
) -> Step | Need:
    """What to do now about a sender's notification, or what has to be read first."""
    step = _decide(notification, facts, now, token, rules, backoff_seconds)
    return step if isinstance(step, Need) else _without_handled_wake_up(step, notification.wake_at)


def _decide(
    notification: Notification,
    facts: Facts,
    now: float,
    token: str,
    rules: TurnRules,
    backoff_seconds: Callable[[int], float],
) -> Step | Need:
    state, unknown_id = facts.state, ""
    if notification.opt_out and not rules.answers_opt_outs:
        return _opted_out(notification, state)
    if state.turn:
        if now < resolve_at(state.turn, rules):
            until = resolve_at(state.turn, rules)
            return _wait(notification, state, now, until, notification.wake_at)
        resolved = _resolve(state, facts, now, rules)
        if isinstance(resolved, Need):
            return resolved
        is_unknown = rules.resend_unknown is ResendUnknown.NEVER
        unknown_id = state.turn.notification.message_id if is_unknown else ""
        state = resolved
    step = _without_turn(notification, state, facts, now, token, rules)
    if isinstance(step, Need):
        return step
    if facts.state.turn and _is_repeated(step, facts.state.turn):
        until = facts.state.turn.open_until + backoff_seconds(step.notification.attempt)
        if until > next_second(now):
            return _wait(step.notification, state, now, until, notification.wake_at)
    return replace(step, unknown_id=unknown_id)


def _without_handled_wake_up(step: Step, woken_by: float | None) -> Step:
    """The row no longer says that the wake-up which is being handled is on its way.

    Whoever read it before, and counts on it, is made to read the row again.
    """
    state = step.state
    if step.wake_at is None and state.wake_at and _is_own(woken_by, state):
        return replace(step, state=replace(state, wake_at=0.0))
    return step


def _is_own(woken_by: float | None, state: NotificationState) -> bool:
    """Whether the wake-up that is being handled is the row's, or came after it."""
    return woken_by is not None and woken_by >= state.wake_at


def _is_repeated(step: Step, turn: Turn) -> bool:
    """Whether what waits is what an unknown outcome has not told, and nothing newer."""
    is_same = step.notification.stored_at == turn.notification.stored_at
    return is_same and step.status is Status.WAITING


def claim_second(turn: Turn) -> float:
    """The second of a claim: the reply service stamps what it leaves in whole seconds."""
    return float(int(turn.claimed_at))


def next_second(moment: float) -> float:
    return float(int(moment) + 1)


def resolve_at(turn: Turn, rules: TurnRules) -> float:
    """When the outcome of a turn that nobody has ended is decided."""
    looks = rules.resend_unknown is ResendUnknown.CHECK
    return turn.open_until + (rules.outcome_seconds if looks else 0.0)


def _resolve(
    state: NotificationState, facts: Facts, now: float, rules: TurnRules
) -> NotificationState | Need:
    """End a turn that nobody has ended: by what the reply service has left, or by the setting."""
    assert state.turn is not None
    notification, ended = state.turn.notification, state.without_turn(now)
    if rules.resend_unknown is ResendUnknown.CHECK:
        since = claim_second(state.turn)
        if facts.evidence is None:
            return Need(evidence_since=since)
        if not facts.evidence and facts.absence is None:
            return Need(absence_since=since)  # an index proves presence only
        is_told = facts.evidence or not facts.absence
    else:
        is_told = rules.resend_unknown is ResendUnknown.NEVER
    if is_told:
        return ended.covered_through(notification.stored_at)
    return ended.with_pending(replace(notification, attempt=notification.attempt + 1))


def _without_turn(
    notification: Notification,
    state: NotificationState,
    facts: Facts,
    now: float,
    token: str,
    rules: TurnRules,
) -> Step | Need:
    """No turn is open: POST the newest message that is not covered, or say why not."""
    if facts.newest is None and not _is_fresh(notification, state, now):
        return Need(newest=True, sessions=_unread_session(notification, facts))
    newest = _newest_uncovered(notification, state, facts, rules)
    if newest is None:
        return Step(Status.COVERED, notification, state)
    need = Need(texts=_unread_texts(newest, facts), sessions=_unread_session(newest, facts))
    if need != Need():
        return need
    newest = replace(newest, text=_text(newest, facts))
    if facts.texts.get(newest.key, "") is None:
        is_pending = state.pending and state.pending.notification.key == newest.key
        return Step(Status.DELETED, newest, replace(state, pending=None) if is_pending else state)
    if newest.attempt > rules.max_attempts:
        reason = f"given up after {newest.attempt - 1} attempts"
        last = replace(newest, attempt=rules.max_attempts)  # a redrive allows one more POST
        return given_up(last, state, reason, None)
    return _post_or_wait(newest, notification.wake_at, state, facts, now, token, rules)


def _post_or_wait(
    newest: Notification,
    woken_by: float | None,
    state: NotificationState,
    facts: Facts,
    now: float,
    token: str,
    rules: TurnRules,
) -> Step:
    """Claim, unless the session is limited or the time has not come."""
    limiting = _limiting_session(newest, facts, now)
    if limiting:
        return _limited(newest, woken_by, state, now, limiting)
    due = _due_at(newest, woken_by, state, now, rules)
    if now < due:
        return _wait(newest, state, now, due, woken_by)
    turn = Turn(replace(newest, wake_at=None), token, now, now + rules.open_seconds)
    return Step(None, newest, replace(state, turn=turn, pending=None), is_claim=True)


def _is_fresh(notification: Notification, state: NotificationState, now: float) -> bool:
    """Whether it is known to be the sender's newest message without another read."""
    stored_at = float(notification.stored_at)
    return (
        notification.wake_at is None
        and now - stored_at < FRESH_SECONDS
        and stored_at > state.turn_ended_at
    )


def _newest_uncovered(
    notification: Notification, state: NotificationState, facts: Facts, rules: TurnRules
) -> Notification | None:
    """The newest of what was brought, what is pending and what is stored, saying its texts."""
    known = [notification, *(facts.newest or ())]
    known += [state.pending.notification] if state.pending else []
    if not rules.answers_opt_outs:
        stops = [each.stored_at for each in known if each.opt_out == STOP]
        state = state.covered_through(max(stops, default=Decimal(0)))
        known = [each for each in known if not each.opt_out]
    uncovered = [each for each in known if each.stored_at > state.notified_through]
    newest: Notification | None = None
    for each in sorted(uncovered, key=lambda each: each.stored_at):
        newest = each.covering(newest)
    return newest


def _unread_texts(newest: Notification, facts: Facts) -> tuple[ChatKey, ...]:
    """The message, and the one that has the text, unless the text is known."""
    if newest.text is not None:
        return ()
    keys = (newest.key, ChatKey(newest.sender_id, newest.text_id or newest.message_id))
    return tuple(key for key in dict.fromkeys(keys) if key not in facts.texts)


def _unread_session(newest: Notification, facts: Facts) -> tuple[str, ...]:
    """The message's own session, which the index may not show yet."""
    is_known = not newest.session_id or newest.session_id in facts.sessions
    return () if is_known else (newest.session_id,)


def _text(newest: Notification, facts: Facts) -> str:
    """What the POST says."""
    if newest.text is not None:
        return newest.text
    own = facts.texts.get(newest.key) or ""
    other = facts.texts.get(ChatKey(newest.sender_id, newest.text_id))
    return own if own.strip() else other or own


def _opted_out(notification: Notification, state: NotificationState) -> Step:
    """Twilio has answered it; after STOP it refuses what is sent, so nothing waits any more."""
    if notification.opt_out == STOP:
        return Step(Status.OPTED_OUT, notification, state.covered_through(notification.stored_at))
    return Step(Status.OPTED_OUT, notification, state)


def _limiting_session(newest: Notification, facts: Facts, now: float) -> Session | None:
    """The session that counts, if it is limited now.

    The message's own session counts while the index does not show it yet, and where another has
    begun in the same second.
    """
    own, current = facts.sessions.get(newest.session_id), facts.current_session
    if current:
        current = facts.sessions.get(current.session_id, current)
    counting = newest_session([own, current])
    try:
        return counting if is_limited(counting, now) else None
    except ValueError:
        return None


def _limited(
    newest: Notification,
    woken_by: float | None,
    state: NotificationState,
    now: float,
    session: Session,
) -> Step:
    """A short limit delays the newest message, a long one drops what waits."""
    until = limited_until(session) or now
    if until - now <= LONGEST_LIMIT_SECONDS:
        step = _wait(newest, state, now, until + FOLLOW_UP_SECONDS, woken_by)
    else:
        if state.pending and state.pending.notification.stored_at <= newest.stored_at:
            state = replace(state, pending=None)
        step = Step(Status.LIMITED, newest, state)
    return replace(step, status=Status.LIMITED, limited_until=until, is_paused=session.is_paused)


def _due_at(
    newest: Notification,
    woken_by: float | None,
    state: NotificationState,
    now: float,
    rules: TurnRules,
) -> float:
    """The earliest moment for the POST."""
    due = next_second(state.turn_ended_at) if state.turn_ended_at else 0.0
    if newest.attempt > 1:  # it failed: its wake-up comes when the backoff is over
        is_awaited = state.wake_at > now and not _is_own(woken_by, state)
        return max(due, state.wake_at if is_awaited else 0.0)
    if rules.quiet_seconds:
        stored_at = float(newest.stored_at)
        since = float(state.pending.since) if state.pending else stored_at
        quiet = min(stored_at + rules.quiet_seconds, since + rules.longest_wait_seconds)
        return max(due, quiet)
    return due


def _wait(
    notification: Notification,
    state: NotificationState,
    now: float,
    until: float,
    woken_by: float | None,
) -> Step:
    """Let it wait in the row until a moment, with a wake-up unless one is on its way.

    `woken_by`: the moment of the wake-up that is being handled, which needs a successor.
    """
    waiting = state
    if not (state.turn and notification.stored_at <= state.turn.notification.stored_at):
        waiting = state.with_pending(notification)
    is_awaited = state.wake_at > now and not _is_own(woken_by, state)
    if is_awaited and state.wake_at <= until + FOLLOW_UP_SECONDS:
        return Step(Status.WAITING, notification, waiting)
    return waking(Status.WAITING, notification, waiting, until)
