"""Senders' news goes to the reply service: the stream half's engine.

Claim, POST, settle. What fails in a known way is parked for another try, so that the
stream never waits; what may have been accepted is not sent again (see
notifications.py). A sender who could neither be told nor parked stays unhandled, and
the claim is given back so that the next delivery may try.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from consumer.conversation.session import is_limited
from consumer.notification.deferral import STEPS, Deferral
from consumer.notification.notification import Notification, newest_per_sender
from consumer.notification.ports import NotificationReads, NotificationStore, Outcome, ReplyService
from consumer.notification.state import (
    NOBODY,
    ROW_LIFETIME_SECONDS,
    Claim,
    DeliveryStatus,
    NotificationState,
    delivery_status,
)
from consumer.retry_budget import RetryBudget


@dataclass(frozen=True, slots=True)
class NotifierRules:
    """`round_size`: how many are told at once.

    `post_seconds`, `call_seconds`: the longest that a round of POSTs takes, and any other call.
    """

    max_attempts: int
    resend_unknown: bool
    post_seconds: float
    call_seconds: float
    round_size: int

    def seconds_to_begin(self, given: float) -> float:
        """What has to be left for a round to begin, in an invocation that was `given` so much.

        It is enough for every call after the POSTs to hang: the round's own news is parked
        and settled, and then what is left of all rounds. Where less was given to begin with,
        a later invocation has no more: then whatever is left after one slow call will do, as
        long as the POSTs can end.
        """
        enough = self.post_seconds + 2 * STEPS * self.call_seconds
        return min(enough, max(self.post_seconds, given - self.call_seconds))


@dataclass(slots=True)
class NotificationResult:
    """What became of each sender's news; every sender is in one of the sets."""

    notified: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    scheduled: set[str] = field(default_factory=set)
    dead_lettered: dict[str, str] = field(default_factory=dict)
    unhandled: set[str] = field(default_factory=set)
    unreadable_limits: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Deferred:
    """What no round could deal with; `claims`: those of which nobody knows whether they stand."""

    notifications: list[Notification] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)


@dataclass(slots=True)
class _RoundResult:
    """How a round's POSTs ended: what to settle, to park and to give up with a reason."""

    settle: dict[str, Decimal] = field(default_factory=dict)
    schedule: list[Notification] = field(default_factory=list)
    reject: dict[str, str] = field(default_factory=dict)


class Notifier:
    """Tells the reply service about news, each sender once."""

    def __init__(
        self,
        notifications: NotificationStore,
        reply_service: ReplyService,
        deferral: Deferral,
        rules: NotifierRules,
        clock: Callable[[], float],
        budget: RetryBudget,
        new_token: Callable[[], str],
    ) -> None:
        self._notifications = notifications
        self._reply_service = reply_service
        self._deferral = deferral
        self._rules = rules
        self._clock = clock
        self._budget = budget
        self._new_token = new_token
        self._given = budget.remaining()
        self._seconds_to_begin = rules.seconds_to_begin(self._given)

    def notify(self, notifications: Iterable[Notification]) -> NotificationResult:
        """Tell each sender's newest news, unless it is covered, limited or in doubt."""
        result, rest = NotificationResult(), _Deferred()
        left = list(newest_per_sender(notifications).values())
        if not self._budget.lasts(self._deferral.seconds(STEPS)):
            left, rest.notifications = [], [_waiting(each) for each in left]
        while left:
            reads = self._read(left, result)
            read = [each for each in left if _is_read(each, reads)]
            left = [each for each in left if not _is_read(each, reads)]
            due = [each for n in read for each in self._judge(n, reads, rest, result)]
            # Whoever can be told is told now: others' rows may stay unreadable for long.
            for start in range(0, len(due), self._rules.round_size):
                self._notify_round(due[start : start + self._rules.round_size], rest, result)
            if reads.is_rejected or not left:
                break
            if not self._budget.pause(self._deferral.seconds(STEPS)):
                break
        self._defer([*left, *rest.notifications], {}, rest.claims, result)
        return result

    def _read(
        self, notifications: Sequence[Notification], result: NotificationResult
    ) -> NotificationReads:
        reads = self._notifications.read(
            sorted({each.session_id for each in notifications if each.session_id}),
            [each.sender_id for each in notifications],
            [each.key for each in notifications if each.text is None],
        )
        result.problems += reads.problems
        return reads

    def _judge(
        self,
        notification: Notification,
        reads: NotificationReads,
        rest: _Deferred,
        result: NotificationResult,
    ) -> list[Notification]:
        """The news as it is to be told, or nothing when it is not due."""
        text = reads.texts.get(notification.key) if notification.text is None else notification.text
        row = reads.notifications[notification.sender_id]
        stands = delivery_status(notification, row)
        if text is None:
            result.deleted.add(notification.sender_id)
        elif stands is DeliveryStatus.COVERED:
            result.covered.add(notification.sender_id)
        elif self._is_limited(notification, reads, result):
            result.limited.add(notification.sender_id)
        elif stands is DeliveryStatus.OUTCOME_UNKNOWN and not self._rules.resend_unknown:
            result.unknown.add(notification.sender_id)
        elif stands is DeliveryStatus.OUTCOME_UNKNOWN and self._may_be_under_way(row):
            rest.notifications.append(_waiting(notification))
        else:
            return [replace(notification, text=text, after=_after(notification, row, stands))]
        return []

    def _may_be_under_way(self, row: NotificationState | None) -> bool:
        """Whether the invocation that claimed may still run: it was given no more than this one."""
        return row is not None and row.may_be_under_way(self._clock(), self._given)

    def _is_limited(
        self, notification: Notification, reads: NotificationReads, result: NotificationResult
    ) -> bool:
        try:
            return is_limited(reads.sessions.get(notification.session_id), self._clock())
        except ValueError:
            result.unreadable_limits.add(notification.sender_id)
            return False

    def _notify_round(
        self, due: Sequence[Notification], rest: _Deferred, result: NotificationResult
    ) -> None:
        """Claim, POST and settle what fits into one round of connections.

        Whoever is claimed is told at once: no sender waits for another's claim.
        """
        expires_at = int(self._clock()) + ROW_LIFETIME_SECONDS
        open_ = {n.sender_id: Claim(n, self._new_token(), expires_at) for n in due}
        is_tried = False
        while open_ and not self._is_too_late(result):
            won, left = self._claim(open_, result)
            self._post([open_[sender] for sender in won], result)
            open_, is_tried = {sender: open_[sender] for sender in left}, True
            if open_ and not self._budget.pause(self._deferral.seconds(STEPS)):
                break
        claims = list(open_.values())
        if is_tried:  # whether these are claimed nobody knows: the next try may find either claim
            rest.notifications += [_unclear(each) for each in claims]
            rest.claims += claims
        else:
            rest.notifications += [_waiting(each.notification) for each in claims]

    def _claim(
        self, claims: Mapping[str, Claim], result: NotificationResult
    ) -> tuple[list[str], list[str]]:
        """Try to claim; gives the senders won, and those of whom nothing is known yet."""
        answer = self._notifications.claim(list(claims.values()))
        result.covered |= answer.lost  # whoever holds the claim answers for this news
        result.problems += answer.problems
        open_ = [s for s in claims if s not in answer.won and s not in answer.lost]
        return [s for s in claims if s in answer.won], open_

    def _post(self, claims: Sequence[Claim], result: NotificationResult) -> None:
        """Tell those whose claims are won, and record how it went."""
        if not claims:
            return
        notifications = [claim.notification for claim in claims]
        if self._is_too_late(result):
            fates = _RoundResult(schedule=[_waiting(each) for each in notifications])
        else:
            fates = self._weigh(notifications, self._reply_service.post(notifications), result)
        tokens = {claim.notification.sender_id: claim.token for claim in claims}
        not_notified = [replace(each, after=(tokens[each.sender_id],)) for each in fates.schedule]
        # Parked first: a death in between leaves what was told in doubt, and nobody untold.
        self._defer(not_notified, fates.reject, claims, result, STEPS)
        self._settle(fates.settle, result)

    def _is_too_late(self, result: NotificationResult) -> bool:
        is_late = self._budget.remaining() < self._seconds_to_begin
        result.problems += ["too late to wait for answers"] * is_late
        return is_late

    def _weigh(
        self,
        notifications: Sequence[Notification],
        outcomes: Mapping[str, Outcome],
        result: NotificationResult,
    ) -> _RoundResult:
        """Decide by outcome what happens to each news; one without an outcome is unknown."""
        fates = _RoundResult()
        for each in notifications:
            outcome = outcomes.get(each.sender_id, Outcome.UNKNOWN)
            if outcome is Outcome.ACCEPTED:
                result.notified.add(each.sender_id)
                fates.settle[each.sender_id] = each.stored_at
            elif outcome is Outcome.UNKNOWN and not self._rules.resend_unknown:
                result.unknown.add(each.sender_id)
                fates.settle[each.sender_id] = each.stored_at
            else:
                fates.schedule.append(each)
                if outcome is Outcome.REJECTED:
                    fates.reject[each.sender_id] = "the reply service rejected it"
        return fates

    def _settle(self, notified_through: Mapping[str, Decimal], result: NotificationResult) -> None:
        """Record what is dealt with; left undone it is in doubt later, never told twice."""
        left = dict(notified_through)
        while left:
            settled = self._notifications.settle(left)
            left = {s: moment for s, moment in left.items() if s not in settled}
            if left and not self._budget.pause(self._deferral.seconds(STEPS)):
                break
        result.problems += ["not settled"] * bool(left)

    def _defer(
        self,
        notifications: Sequence[Notification],
        reasons: Mapping[str, str],
        claims: Sequence[Claim],
        result: NotificationResult,
        steps_behind: int = 0,
    ) -> None:
        aside = self._deferral.defer(notifications, reasons, claims, steps_behind)
        result.scheduled |= aside.scheduled
        result.dead_lettered |= aside.dead_lettered
        result.unhandled |= aside.lost


def _is_read(notification: Notification, reads: NotificationReads) -> bool:
    return (
        (not notification.session_id or notification.session_id in reads.sessions)
        and notification.sender_id in reads.notifications
        and (notification.text is not None or notification.key in reads.texts)
    )


def _unclear(claim: Claim) -> Notification:
    return replace(claim.notification, after=(*claim.notification.after, claim.token))


def _waiting(notification: Notification) -> Notification:
    """To have waited is no try: a busy hour shall not use up anybody's attempts."""
    return replace(notification, attempt=notification.attempt - 1)


def _after(
    notification: Notification, row: NotificationState | None, stands: DeliveryStatus
) -> tuple[str, ...]:
    """The claims that the news may take over, the one that stands last: the oldest are forgotten.

    One in doubt is among them only where that is wanted.
    """
    standing_claim = row.claimed_by if row and row.claimed == notification.stored_at else NOBODY
    if standing_claim == NOBODY or (
        standing_claim not in notification.after and stands is not DeliveryStatus.OUTCOME_UNKNOWN
    ):
        return notification.after
    return (*(each for each in notification.after if each != standing_claim), standing_claim)
