"""News: a sender has a message that the reply service shall hear about.

It comes from the stream of `chats` (DynamoDB JSON) or, parked earlier, from the
retry queue (our JSON). Odd records are rejected with a reason, never raised over.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from domain.chats import INBOUND, ChatKey
from domain.inbound import MAX_MESSAGE_ID_BYTES, MAX_SENDER_ID_BYTES
from domain.text import clean, parse_number

_LONGEST_ATTEMPT = 1_000_000
_MOST_PREDECESSORS = 8
_LONGEST_TOKEN = 64
# A key that DynamoDB refuses would spoil the read of all senders.
_KEY_BYTES = {
    "sender_id": MAX_SENDER_ID_BYTES,
    "message_id": MAX_MESSAGE_ID_BYTES,
    "session_id": MAX_SENDER_ID_BYTES,
}


@dataclass(frozen=True, slots=True)
class News:
    """One sender's newest message; `stored_at` in epoch seconds.

    `attempt` counts the tries at telling this news from 1. `after` names the claims that it
    may take over: each belongs to a try of which it is known that nobody was told. `text`
    None means it is still to be read from `chats`.
    """

    sender_id: str
    message_id: str
    session_id: str
    stored_at: Decimal
    attempt: int = 1
    text: str | None = None
    created_at: Decimal = Decimal(0)
    after: tuple[str, ...] = ()

    @property
    def key(self) -> ChatKey:
        return ChatKey(self.sender_id, self.message_id)


@dataclass(frozen=True, slots=True)
class RejectedNews:
    """A record that goes to the reply service's dead-letter queue, and why."""

    id: str
    body: str
    reason: str


def read_stream_record(raw: object) -> News | RejectedNews | None:
    """Decode a stream record; None for anything but a new inbound message."""
    record = _mapping(raw)
    change = _mapping(record.get("dynamodb"))
    image = _mapping(change.get("NewImage"))
    if record.get("eventName") != "INSERT" or _attribute(image, "chat_type", "S") != INBOUND:
        return None
    sender_id, message_id = (_attribute(image, key, "S") for key in ("sender_id", "message_id"))
    if not sender_id or not message_id:
        return RejectedNews(_stream_id(record), "{}", "stream record without keys")
    created_at = parse_number(_attribute(image, "created_at", "N")) or Decimal(0)
    content = _mapping(_mapping(image.get("content")).get("M"))
    return News(
        sender_id=sender_id,
        message_id=message_id,
        session_id=_attribute(image, "session_id", "S"),
        stored_at=parse_number(_attribute(image, "stored_at", "N")) or created_at,
        text=_attribute(content, "text", "S"),
        created_at=created_at,
    )


def read_retry_record(raw: object) -> News | RejectedNews:
    """Decode a record of the retry queue."""
    record = _mapping(raw)
    body = record.get("body")
    rejected = RejectedNews(
        record_id(raw),
        body if isinstance(body, str) else "{}",
        "retry record that cannot be read",
    )
    try:
        fields = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return rejected
    return _news_of(_mapping(fields)) or rejected


def record_id(raw: object) -> str:
    """The id by which SQS knows a record; blank when there is none."""
    return _text(_mapping(raw).get("messageId"))


def retry_body(news: News) -> str:
    """The retry queue's body: keys only, the text stays in `chats`."""
    fields = {
        "sender_id": news.sender_id,
        "message_id": news.message_id,
        "session_id": news.session_id,
        "stored_at": str(news.stored_at),
        "attempt": news.attempt,
        "after": news.after[-_MOST_PREDECESSORS:],
    }
    return json.dumps(fields, separators=(",", ":"))


def newest_per_sender(news: Iterable[News]) -> dict[str, News]:
    """One notification a sender: what was stored last, and of that the latest message."""
    newest: dict[str, News] = {}
    for each in news:
        held = newest.get(each.sender_id)
        newest[each.sender_id] = each if held is None else _merged(held, each)
    return newest


def _merged(one: News, other: News) -> News:
    """The newer; of two copies of the same news, one that may take over what either may."""
    newer, older = (other, one) if _rank(other) > _rank(one) else (one, other)
    if newer.stored_at != older.stored_at:
        return newer
    return replace(newer, after=tuple(dict.fromkeys((*older.after, *newer.after))))


def _rank(news: News) -> tuple[Decimal, int, Decimal]:
    return news.stored_at, news.attempt, news.created_at


def _news_of(fields: Mapping[str, Any]) -> News | None:
    keys = {name: _text(fields.get(name)) for name in _KEY_BYTES}
    attempt, moment = fields.get("attempt"), parse_number(_text(fields.get("stored_at")))
    if not (keys["sender_id"] and keys["message_id"]) or moment is None:
        return None
    if type(attempt) is not int or not 0 < attempt <= _LONGEST_ATTEMPT:
        return None
    if any(clean(key) != key or len(key.encode()) > _KEY_BYTES[name] for name, key in keys.items()):
        return None
    after = _tokens(fields.get("after", []))
    if after is None:
        return None
    sender_id, message_id, session_id = keys.values()
    return News(sender_id, message_id, session_id, moment, attempt, after=after)


def _tokens(value: object) -> tuple[str, ...] | None:
    """The tokens of earlier claims; None for what is no short list of them."""
    if not isinstance(value, list) or len(value) > _MOST_PREDECESSORS:
        return None
    tokens = tuple(each for each in value if isinstance(each, str))
    is_sound = len(tokens) == len(value) and all(
        each.isascii() and 0 < len(each) <= _LONGEST_TOKEN for each in tokens
    )
    return tokens if is_sound else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _attribute(image: Mapping[str, Any], name: str, kind: str) -> str:
    return _text(_mapping(image.get(name)).get(kind))


def _stream_id(record: Mapping[str, Any]) -> str:
    return _text(record.get("eventID"))
