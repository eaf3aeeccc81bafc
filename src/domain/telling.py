"""Senders' news goes to the reply service: the stream half's engine.

Claim, POST, settle. What fails in a known way is parked for another try, so that the
stream never waits; what may have been accepted is not sent again (see
notifications.py). A sender who could neither be told nor parked stays unhandled, and
the claim is given back so that the next delivery may try.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from domain.news import News, RejectedNews, newest_per_sender, retry_body
from domain.notifications import Claim, Notification, Standing, standing
from domain.patience import Patience
from domain.ports import Audience, NotificationStore, Outcome, ReplyService, RetryQueue
from domain.sessions import is_limited

T = TypeVar("T")

# Longer than any queue or stream can bring the same news again.
ROW_LIFETIME_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class TellingRules:
    """`post_seconds`: the longest one round of POSTs takes; `round_size`: how many at once."""

    max_attempts: int
    resend_unknown: bool
    post_seconds: float
    round_size: int


@dataclass(slots=True)
class Telling:
    """What became of each sender's news; every sender is in one of the sets."""

    told: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    parked: set[str] = field(default_factory=set)
    given_up: dict[str, str] = field(default_factory=dict)
    unhandled: set[str] = field(default_factory=set)
    unreadable_limits: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Fates:
    """How a round's POSTs ended: what to settle, to park and to give up with a reason."""

    settle: dict[str, Decimal] = field(default_factory=dict)
    park: list[News] = field(default_factory=list)
    reject: dict[str, str] = field(default_factory=dict)


class Teller:
    """Tells the reply service about news, each sender once."""

    def __init__(
        self,
        notifications: NotificationStore,
        reply_service: ReplyService,
        retry_queue: RetryQueue,
        rules: TellingRules,
        clock: Callable[[], float],
        patience: Patience,
        new_token: Callable[[], str],
    ) -> None:
        self._notifications = notifications
        self._reply_service = reply_service
        self._retry_queue = retry_queue
        self._rules = rules
        self._clock = clock
        self._patience = patience
        self._new_token = new_token

    def tell(self, news: Iterable[News]) -> Telling:
        """Tell each sender's newest news, unless it is covered, limited or in doubt."""
        telling = Telling()
        newest = list(newest_per_sender(news).values())
        audience = self._look_up(newest, telling)
        due: list[News] = []
        unread: list[News] = []
        for each in newest:
            if _is_read(each, audience):
                due += self._judge(each, audience, telling)
            else:
                unread.append(each)
        self._set_aside(unread, {}, [], telling)
        size = self._rules.round_size
        for start in range(0, len(due), size):
            self._tell_round(due[start : start + size], telling)
        return telling

    def _look_up(self, news: Sequence[News], telling: Telling) -> Audience:
        audience = Audience()
        while news and not self._patience.is_over:
            answer = self._notifications.look_up(
                sorted({n.session_id for n in news if n.session_id} - audience.sessions.keys()),
                [n.sender_id for n in news if n.sender_id not in audience.notifications],
                [n.key for n in news if n.text is None and n.key not in audience.texts],
            )
            audience.sessions |= answer.sessions
            audience.notifications |= answer.notifications
            audience.texts |= answer.texts
            telling.problems += answer.problems
            news = [each for each in news if not _is_read(each, audience)]
            if news and not self._patience.pause():
                break
        return audience

    def _judge(self, news: News, audience: Audience, telling: Telling) -> list[News]:
        """The news as it is to be told, or nothing when it is not due."""
        text = audience.texts.get(news.key) if news.text is None else news.text
        row = audience.notifications[news.sender_id]
        stands = standing(news, row)
        if text is None:
            telling.gone.add(news.sender_id)
        elif stands is Standing.COVERED:
            telling.covered.add(news.sender_id)
        elif self._is_limited(news, audience, telling):
            telling.limited.add(news.sender_id)
        elif stands is Standing.IN_DOUBT and not self._rules.resend_unknown:
            telling.unknown.add(news.sender_id)
        else:
            return [replace(news, text=text, after=_after(news, row, stands))]
        return []

    def _is_limited(self, news: News, audience: Audience, telling: Telling) -> bool:
        try:
            return is_limited(audience.sessions.get(news.session_id), self._clock())
        except ValueError:
            telling.unreadable_limits.add(news.sender_id)
            return False

    def _tell_round(self, due: Sequence[News], telling: Telling) -> None:
        """Claim, POST and settle what fits into one round of connections."""
        if self._patience.remaining() < self._rules.post_seconds:
            telling.problems.append("too late to wait for answers")
            # To have waited is no try: a busy hour shall not use up anybody's attempts.
            waiting = [replace(each, attempt=each.attempt - 1) for each in due]
            self._set_aside(waiting, {}, [], telling)
            return
        expires_at = int(self._clock()) + ROW_LIFETIME_SECONDS
        claims = {n.sender_id: Claim(n, self._new_token(), expires_at) for n in due}
        won, open_ = self._claim(claims, telling)
        outcomes = self._reply_service.tell([claims[s].news for s in won]) if won else {}
        fates = self._weigh([claims[s].news for s in won], outcomes, telling)
        untold = [replace(n, after=(claims[n.sender_id].token,)) for n in fates.park]
        # Whether these are claimed nobody knows: the next try may find either claim.
        unclear = [_unclear(claims[sender]) for sender in open_]
        # Parked first: a death in between leaves what was told in doubt, and nobody untold.
        self._set_aside(unclear + untold, fates.reject, list(claims.values()), telling)
        self._settle(fates.settle, telling)

    def _claim(self, claims: Mapping[str, Claim], telling: Telling) -> tuple[list[str], list[str]]:
        """Claim until each is won or lost; gives the senders won, and those still open."""
        won: set[str] = set()
        lost: set[str] = set()
        open_ = list(claims)
        while open_ and not self._is_too_late():
            answer = self._notifications.claim([claims[sender] for sender in open_])
            won |= answer.won
            lost |= answer.lost
            telling.problems += answer.problems
            open_ = [s for s in open_ if s not in won and s not in lost]
            if open_ and not self._patience.pause():
                break
        telling.covered |= lost  # whoever holds the claim answers for this news
        return [s for s in claims if s in won], open_

    def _is_too_late(self) -> bool:
        return self._patience.remaining() < self._rules.post_seconds

    def _weigh(
        self, news: Sequence[News], outcomes: Mapping[str, Outcome], telling: Telling
    ) -> _Fates:
        """Decide by outcome what happens to each news; one without an outcome is unknown."""
        fates = _Fates()
        for each in news:
            outcome = outcomes.get(each.sender_id, Outcome.UNKNOWN)
            if outcome is Outcome.ACCEPTED:
                telling.told.add(each.sender_id)
                fates.settle[each.sender_id] = each.stored_at
            elif outcome is Outcome.UNKNOWN and not self._rules.resend_unknown:
                telling.unknown.add(each.sender_id)
                fates.settle[each.sender_id] = each.stored_at
            else:
                fates.park.append(each)
                if outcome is Outcome.REJECTED:
                    fates.reject[each.sender_id] = "the reply service rejected it"
        return fates

    def _settle(self, through: Mapping[str, Decimal], telling: Telling) -> None:
        """Record what is dealt with; left undone it is in doubt later, never told twice."""
        left = dict(through)
        while left:
            settled = self._notifications.settle(left)
            left = {s: moment for s, moment in left.items() if s not in settled}
            if left and not self._patience.pause():
                break
        telling.problems += ["not settled"] * bool(left)

    def _set_aside(
        self,
        news: Sequence[News],
        reasons: Mapping[str, str],
        claims: Sequence[Claim],
        telling: Telling,
    ) -> None:
        """Park for the next attempt, or give up with a reason; else the sender is unhandled."""
        upcoming = [replace(each, attempt=each.attempt + 1) for each in news]
        reasons = dict(reasons) | {
            n.sender_id: f"given up after {n.attempt - 1} attempts"
            for n in upcoming
            if n.attempt > self._rules.max_attempts and n.sender_id not in reasons
        }
        parked = self._park([n for n in upcoming if n.sender_id not in reasons])
        given_up = self._give_up([n for n in upcoming if n.sender_id in reasons], reasons)
        telling.parked |= parked
        telling.given_up |= {s: reasons[s] for s in given_up}
        lost = {n.sender_id for n in news} - parked - given_up
        telling.unhandled |= lost
        self._release([c for c in claims if c.news.sender_id in lost])

    def _park(self, news: Sequence[News]) -> set[str]:
        return self._insist({n.sender_id: n for n in news}, self._retry_queue.park)

    def _give_up(self, news: Sequence[News], reasons: Mapping[str, str]) -> set[str]:
        wanted = {
            n.sender_id: RejectedNews(n.sender_id, retry_body(n), reasons[n.sender_id])
            for n in news
        }
        return self._insist(wanted, self._retry_queue.give_up)

    def _release(self, claims: Sequence[Claim]) -> None:
        self._insist({c.news.sender_id: c for c in claims}, self._notifications.release)

    def reject(self, rejected: Sequence[RejectedNews]) -> set[str]:
        """Send records that cannot be read to the dead-letter queue; gives the ids that went."""
        return self._insist({r.id: r for r in rejected}, self._retry_queue.give_up)

    def _insist(self, wanted: dict[str, T], act: Callable[[Sequence[T]], set[str]]) -> set[str]:
        """Repeat a call for what it has not done yet, while there is time; gives what is done.

        One try is made however little time is left: a claim that nobody gives back would
        turn news that is known to be undelivered into an unknown outcome.
        """
        done: set[str] = set()
        while wanted.keys() - done:
            done |= act([each for key, each in wanted.items() if key not in done])
            if wanted.keys() - done and not self._patience.pause():
                break
        return done


def _is_read(news: News, audience: Audience) -> bool:
    return (
        (not news.session_id or news.session_id in audience.sessions)
        and news.sender_id in audience.notifications
        and (news.text is not None or news.key in audience.texts)
    )


def _unclear(claim: Claim) -> News:
    return replace(claim.news, after=(*claim.news.after, claim.token))


def _after(news: News, row: Notification | None, stands: Standing) -> tuple[str, ...]:
    """The claims that the news may take over; one in doubt only where that is wanted."""
    if stands is Standing.IN_DOUBT and row is not None:
        return (*news.after, row.claimed_by)
    return news.after
