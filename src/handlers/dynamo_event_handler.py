"""New inbound chats become POSTs to the reply service.

Records come from the stream of `chats` or, parked earlier, from the retry queue; both
go the same way. See domain/telling.py for what is promised.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import wiring
from domain.errors import NotHandled
from domain.news import (
    News,
    RejectedNews,
    newest_per_sender,
    read_retry_record,
    read_stream_record,
    record_id,
)
from domain.notifications import CLOCKS_APART_SECONDS
from domain.parking import Parking
from domain.patience import Patience
from domain.telling import Teller, Telling
from domain.text import parse_number
from handlers.arguments import require_sender_id, require_text
from metrics import embedded

Records = Iterable[object]


def handle_stream(
    records: Records, context: object = None, side: wiring.StreamSide | None = None
) -> None:
    """Tell about every new inbound message of a stream batch.

    Raises NotHandled when somebody could neither be told nor parked: the batch shall
    come again, and what was told stays told once.
    """
    side = side or wiring.stream_side()
    patience = side.surroundings.patience(context)
    read = [news for record in records if (news := read_stream_record(record)) is not None]
    telling = _tell([each for each in read if isinstance(each, News)], patience, side)
    unsent = _reject([each for each in read if isinstance(each, RejectedNews)], patience, side)
    if telling.unhandled or unsent:
        raise NotHandled(len(telling.unhandled) + len(unsent), telling.problems)


def handle_retries(
    records: Records, context: object = None, side: wiring.StreamSide | None = None
) -> list[str]:
    """Tell about parked news; gives the ids of the records that SQS shall bring again."""
    side = side or wiring.stream_side()
    patience = side.surroundings.patience(context)
    read = [(record_id(record), read_retry_record(record)) for record in records]
    news = {own_id: each for own_id, each in read if isinstance(each, News)}
    telling = _tell(list(news.values()), patience, side)
    unsent = _reject([each for _, each in read if isinstance(each, RejectedNews)], patience, side)
    newest = newest_per_sender(news.values())
    open_ = {(sender, newest[sender].stored_at) for sender in telling.unhandled}
    # All copies of the same news: what one may take over, the others may not.
    again = [own_id for own_id, n in news.items() if (n.sender_id, n.stored_at) in open_]
    return sorted(unsent) + again


def notify_reply_service(
    sender_id: str, news: News | None = None, side: wiring.StreamSide | None = None, **keys: Any
) -> Telling:
    """Tell the reply service about one sender's news, unless it is covered or limited.

    Give `news`, or its fields as keywords (`message_id`, `session_id`, `stored_at` in epoch
    seconds, and optionally `text`, `attempt`). Raises ValueError when neither is given, or
    what is given is no news of this sender, NotHandled when it could be neither told nor
    parked.
    """
    news = _given_news(sender_id, news, keys)
    side = side or wiring.stream_side()
    _require_past(news.stored_at, side.surroundings.clock())
    telling = _tell([news], side.surroundings.patience(), side)
    if telling.unhandled:
        raise NotHandled(1, telling.problems)
    return telling


def _given_news(sender_id: str, news: object, keys: Mapping[str, Any]) -> News:
    require_sender_id(sender_id)
    if news is None and keys.keys() >= {"message_id", "session_id", "stored_at"}:
        news = News(sender_id, **keys)
    if not isinstance(news, News):
        raise ValueError("give a News, or message_id, session_id and stored_at as keywords")
    if news.sender_id != sender_id:
        raise ValueError("sender_id is not the sender of the news")
    require_text(message_id=news.message_id, session_id=news.session_id)
    stored_at = parse_number(str(news.stored_at))
    if stored_at is None:
        raise ValueError("stored_at is no number that the table can hold")
    return replace(news, stored_at=stored_at)


def _require_past(stored_at: Decimal, now: float) -> None:
    """Everything up to a claim's moment counts as told: one far ahead would silence the sender."""
    if stored_at > now + CLOCKS_APART_SECONDS:
        raise ValueError("stored_at lies ahead of the clock: it is epoch seconds, not milliseconds")


def _tell(news: Sequence[News], patience: Patience, side: wiring.StreamSide) -> Telling:
    teller = Teller(
        side.notifications,
        side.reply_service,
        _parking(patience, side),
        side.rules,
        side.surroundings.clock,
        patience,
        side.new_token,
    )
    telling = teller.tell(news)
    _log(telling, newest_per_sender(news), side)
    return telling


def _reject(
    rejected: Sequence[RejectedNews], patience: Patience, side: wiring.StreamSide
) -> set[str]:
    """Send them to the dead-letter queue; gives the ids of those that did not get there.

    After the telling: a dead-letter queue that is down costs nobody an answer.
    """
    for each in rejected:
        side.log.error("record rejected", reason=each.reason, record_id=each.id)
    return {each.id for each in rejected} - _parking(patience, side).reject(rejected)


def _parking(patience: Patience, side: wiring.StreamSide) -> Parking:
    rules = side.rules
    return Parking(
        side.retry_queue, side.notifications, patience, rules.max_attempts, rules.call_seconds
    )


def _log(telling: Telling, newest: Mapping[str, News], side: wiring.StreamSide) -> None:
    for sender in sorted(telling.unknown):
        side.log.warning(
            "reply outcome unknown", sender=sender, message_id=newest[sender].message_id
        )
    for sender in sorted(telling.unreadable_limits):
        side.log.warning("user_limited_until is not readable", sender=sender)
    for sender, reason in sorted(telling.given_up.items()):
        side.log.error(
            "reply given up", sender=sender, message_id=newest[sender].message_id, reason=reason
        )
    problems = sorted(set(telling.problems))
    if telling.unhandled or problems:
        side.log.warning("news had problems", unhandled=len(telling.unhandled), problems=problems)
    side.log.measure("news handled", _measures(telling, newest, side))


def _measures(
    telling: Telling, newest: Mapping[str, News], side: wiring.StreamSide
) -> dict[str, Any]:
    now = side.surroundings.clock()
    counts = {
        "News": len(newest),
        "Told": len(telling.told),
        "Covered": len(telling.covered),
        "Limited": len(telling.limited),
        "Gone": len(telling.gone),
        "Parked": len(telling.parked),
        "UnknownOutcomes": len(telling.unknown),
        "GivenUp": len(telling.given_up),
        "Unhandled": len(telling.unhandled),
    }
    waits = [1000 * (now - float(newest[sender].stored_at)) for sender in telling.told]
    return embedded(counts, {"StoredToTold": waits}, int(now * 1000))
