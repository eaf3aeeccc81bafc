"""Senders' news goes to the reply service: the stream half's engine.

Claim, POST, settle. What fails in a known way is parked for another try, so that the
stream never waits; what may have been accepted is not sent again (see
notifications.py). A sender who could neither be told nor parked stays unhandled, and
the claim is given back so that the next delivery may try.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from domain.news import News, newest_per_sender
from domain.notifications import (
    NOBODY,
    ROW_LIFETIME_SECONDS,
    Claim,
    Notification,
    Standing,
    standing,
)
from domain.parking import STEPS, Parking
from domain.patience import Patience
from domain.ports import Audience, NotificationStore, Outcome, ReplyService
from domain.sessions import is_limited


@dataclass(frozen=True, slots=True)
class TellingRules:
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
class _Rest:
    """What no round could deal with; `claims`: those of which nobody knows whether they stand."""

    news: list[News] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)


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
        parking: Parking,
        rules: TellingRules,
        clock: Callable[[], float],
        patience: Patience,
        new_token: Callable[[], str],
    ) -> None:
        self._notifications = notifications
        self._reply_service = reply_service
        self._parking = parking
        self._rules = rules
        self._clock = clock
        self._patience = patience
        self._new_token = new_token
        self._given = patience.remaining()
        self._seconds_to_begin = rules.seconds_to_begin(self._given)

    def tell(self, news: Iterable[News]) -> Telling:
        """Tell each sender's newest news, unless it is covered, limited or in doubt."""
        telling, rest = Telling(), _Rest()
        left = list(newest_per_sender(news).values())
        if not self._patience.lasts(self._parking.seconds(STEPS)):
            left, rest.news = [], [_waiting(each) for each in left]
        while left:
            audience = self._look_up(left, telling)
            read = [each for each in left if _is_read(each, audience)]
            left = [each for each in left if not _is_read(each, audience)]
            due = [each for n in read for each in self._judge(n, audience, rest, telling)]
            # Whoever can be told is told now: others' rows may stay unreadable for long.
            for start in range(0, len(due), self._rules.round_size):
                self._tell_round(due[start : start + self._rules.round_size], rest, telling)
            if audience.declined or not left:
                break
            if not self._patience.pause(self._parking.seconds(STEPS)):
                break
        self._set_aside([*left, *rest.news], {}, rest.claims, telling)
        return telling

    def _look_up(self, news: Sequence[News], telling: Telling) -> Audience:
        audience = self._notifications.look_up(
            sorted({each.session_id for each in news if each.session_id}),
            [each.sender_id for each in news],
            [each.key for each in news if each.text is None],
        )
        telling.problems += audience.problems
        return audience

    def _judge(self, news: News, audience: Audience, rest: _Rest, telling: Telling) -> list[News]:
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
        elif stands is Standing.IN_DOUBT and self._may_be_under_way(row):
            rest.news.append(_waiting(news))
        else:
            return [replace(news, text=text, after=_after(news, row, stands))]
        return []

    def _may_be_under_way(self, row: Notification | None) -> bool:
        """Whether the invocation that claimed may still run: it was given no more than this one."""
        return row is not None and row.may_be_under_way(self._clock(), self._given)

    def _is_limited(self, news: News, audience: Audience, telling: Telling) -> bool:
        try:
            return is_limited(audience.sessions.get(news.session_id), self._clock())
        except ValueError:
            telling.unreadable_limits.add(news.sender_id)
            return False

    def _tell_round(self, due: Sequence[News], rest: _Rest, telling: Telling) -> None:
        """Claim, POST and settle what fits into one round of connections.

        Whoever is claimed is told at once: no sender waits for another's claim.
        """
        expires_at = int(self._clock()) + ROW_LIFETIME_SECONDS
        open_ = {n.sender_id: Claim(n, self._new_token(), expires_at) for n in due}
        is_tried = False
        while open_ and not self._is_too_late(telling):
            won, left = self._claim(open_, telling)
            self._post([open_[sender] for sender in won], telling)
            open_, is_tried = {sender: open_[sender] for sender in left}, True
            if open_ and not self._patience.pause(self._parking.seconds(STEPS)):
                break
        claims = list(open_.values())
        if is_tried:  # whether these are claimed nobody knows: the next try may find either claim
            rest.news += [_unclear(each) for each in claims]
            rest.claims += claims
        else:
            rest.news += [_waiting(each.news) for each in claims]

    def _claim(self, claims: Mapping[str, Claim], telling: Telling) -> tuple[list[str], list[str]]:
        """Try to claim; gives the senders won, and those of whom nothing is known yet."""
        answer = self._notifications.claim(list(claims.values()))
        telling.covered |= answer.lost  # whoever holds the claim answers for this news
        telling.problems += answer.problems
        open_ = [s for s in claims if s not in answer.won and s not in answer.lost]
        return [s for s in claims if s in answer.won], open_

    def _post(self, claims: Sequence[Claim], telling: Telling) -> None:
        """Tell those whose claims are won, and record how it went."""
        if not claims:
            return
        news = [claim.news for claim in claims]
        if self._is_too_late(telling):
            fates = _Fates(park=[_waiting(each) for each in news])
        else:
            fates = self._weigh(news, self._reply_service.tell(news), telling)
        tokens = {claim.news.sender_id: claim.token for claim in claims}
        untold = [replace(each, after=(tokens[each.sender_id],)) for each in fates.park]
        # Parked first: a death in between leaves what was told in doubt, and nobody untold.
        self._set_aside(untold, fates.reject, claims, telling, STEPS)
        self._settle(fates.settle, telling)

    def _is_too_late(self, telling: Telling) -> bool:
        is_late = self._patience.remaining() < self._seconds_to_begin
        telling.problems += ["too late to wait for answers"] * is_late
        return is_late

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
            if left and not self._patience.pause(self._parking.seconds(STEPS)):
                break
        telling.problems += ["not settled"] * bool(left)

    def _set_aside(
        self,
        news: Sequence[News],
        reasons: Mapping[str, str],
        claims: Sequence[Claim],
        telling: Telling,
        steps_behind: int = 0,
    ) -> None:
        aside = self._parking.set_aside(news, reasons, claims, steps_behind)
        telling.parked |= aside.parked
        telling.given_up |= aside.given_up
        telling.unhandled |= aside.lost


def _is_read(news: News, audience: Audience) -> bool:
    return (
        (not news.session_id or news.session_id in audience.sessions)
        and news.sender_id in audience.notifications
        and (news.text is not None or news.key in audience.texts)
    )


def _unclear(claim: Claim) -> News:
    return replace(claim.news, after=(*claim.news.after, claim.token))


def _waiting(news: News) -> News:
    """To have waited is no try: a busy hour shall not use up anybody's attempts."""
    return replace(news, attempt=news.attempt - 1)


def _after(news: News, row: Notification | None, stands: Standing) -> tuple[str, ...]:
    """The claims that the news may take over, the one that stands last: the oldest are forgotten.

    One in doubt is among them only where that is wanted.
    """
    standing_claim = row.claimed_by if row and row.claimed == news.stored_at else NOBODY
    if standing_claim == NOBODY or (
        standing_claim not in news.after and stands is not Standing.IN_DOUBT
    ):
        return news.after
    return (*(each for each in news.after if each != standing_claim), standing_claim)
