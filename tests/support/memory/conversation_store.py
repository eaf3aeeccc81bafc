"""The ConversationStore of the in-memory world."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from consumer.conversation.chat import chat_item
from consumer.conversation.ports import ConversationReads, SenderWrite, WriteResult
from consumer.conversation.session import Session
from consumer.errors import Refused, Unavailable
from consumer.webhook.message import ChatKey, InboundMessage
from tests.support.memory.observer import Observer
from tests.support.memory.tables import Commit, Put, PutChat, PutSession, Reason, Tables
from tests.support.memory.wire import Call, Wire

MAX_KEYS = 100
MAX_ACTIONS = 100
MOMENT_SECONDS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Part:
    """As much of a unit as one transaction holds."""

    session: Session
    opens: bool
    messages: Sequence[InboundMessage]

    @property
    def size(self) -> int:
        return self.opens + len(self.messages)


class MemoryConversationStore:
    """Sessions and chats; `tells_reasons` False: a refused item fails its request as a whole.

    A transaction holds `transaction_size` rows; large rows make it fewer than a hundred.
    """

    def __init__(
        self,
        tables: Tables,
        wire: Wire,
        observer: Observer,
        tells_reasons: bool = True,
        transaction_size: int = MAX_ACTIONS,
    ) -> None:
        self._tables = tables
        self._wire = wire
        self._observer = observer
        self._tells_reasons = tells_reasons
        self._transaction_size = transaction_size

    def read(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> ConversationReads:
        """A query for each sender and a read for each hundred keys, all at once."""
        known = ConversationReads()
        process = self._wire.process
        keys: list[ChatKey | str] = [*chats, *sessions]
        calls = [
            Call("conversations.query", partial(self._find_newest, process, sender))
            for sender in senders
        ]
        for start in range(0, len(keys), MAX_KEYS):
            part = keys[start : start + MAX_KEYS]
            left_out = self._wire.leaves_out("conversations.read", part)
            read = partial(self._read, process, [k for k in part if k not in left_out])
            calls.append(Call("conversations.read", read))
            known.problems += ["UnprocessedKeys"] * bool(left_out)
        for call in self._wire.send_all(calls):
            _note(call, known)
        return known

    def write(self, units: Sequence[SenderWrite], stored_at: Decimal) -> WriteResult:
        """One transaction, or, for units beyond its size, as few as hold them, in order."""
        written = WriteResult()
        held_back: set[str] = set()
        for parts in _pack(units, self._transaction_size):
            ready = [each for each in parts if each.session.session_id not in held_back]
            try:
                if ready and not self._transact(ready, stored_at, written, alone=len(units) == 1):
                    held_back |= {each.session.session_id for each in ready}
            except (Unavailable, Refused) as error:
                written.problems.append(f"write:{error.code}")
                written.is_rejected = isinstance(error, Refused)
                break
            stored_at += MOMENT_SECONDS
        return written

    def _find_newest(self, process: Any, sender_id: str) -> ConversationReads:
        shown = self._tables.index.newest(sender_id, self._wire.now)
        self._observer.queried(process, sender_id, shown)
        return ConversationReads(newest={sender_id: shown})

    def _read(self, process: Any, keys: Sequence[ChatKey | str]) -> ConversationReads:
        found = ConversationReads()
        for key in keys:
            if isinstance(key, ChatKey):
                found.stored[key] = key in self._tables.chats
                continue
            session = self._tables.sessions.get(key)
            found.sessions[key] = None if session and session.erased else session
            if session is not None:
                self._observer.sighted(process, session)
        return found

    def _transact(
        self, parts: Sequence[Part], stored_at: Decimal, written: WriteResult, *, alone: bool
    ) -> bool:
        puts = [put for part in parts for put in _puts(part, stored_at)]
        apply = partial(self._apply, self._wire.process, puts)
        reasons = self._wire.write("conversations.write", apply)
        if not reasons:
            _note_applied(parts, written)
        elif self._tells_reasons or not any(r and r.is_refusal for r in reasons):
            _note_reasons(parts, iter(reasons), written)
        else:
            written.problems.append("write:ValidationException")
            if alone:
                written.refused[parts[0].session.session_id] = "ValidationException"
        return not reasons

    def _apply(self, process: Any, puts: Sequence[Put]) -> Sequence[Reason | None]:
        result = self._tables.transact(puts, self._wire.now)
        if isinstance(result, Commit):
            self._observer.committed(process, result)
            return []
        for reason in result:
            if reason and reason.existing:
                self._observer.sighted(process, reason.existing)
        return result


def _note(call: Call[ConversationReads], known: ConversationReads) -> None:
    try:
        found = call.answer()
    except (Unavailable, Refused) as error:
        known.problems.append(f"{call.site}:{error.code}")
        known.is_rejected |= isinstance(error, Refused)
    else:
        known.newest |= found.newest
        known.sessions |= found.sessions
        known.stored |= found.stored


def _puts(part: Part, stored_at: Decimal) -> Iterable[Put]:
    session_id = part.session.session_id
    if part.opens:
        yield PutSession(part.session)
    for message in part.messages:
        yield PutChat(message.key, chat_item(message, session_id, stored_at))


def _pack(units: Sequence[SenderWrite], size: int) -> Iterable[list[Part]]:
    packed: list[Part] = []
    for part in (part for unit in units for part in _parts(unit, size)):
        if packed and sum(each.size for each in packed) + part.size > size:
            yield packed
            packed = []
        packed = [*packed, part]
    if packed:
        yield packed


def _parts(unit: SenderWrite, size: int) -> Iterable[Part]:
    first = size - unit.opens
    yield Part(unit.session, unit.opens, unit.messages[:first])
    for start in range(first, len(unit.messages), size):
        yield Part(unit.session, False, unit.messages[start : start + size])


def _note_applied(parts: Sequence[Part], written: WriteResult) -> None:
    for part in parts:
        written.stored |= {message.key for message in part.messages}
        written.opened |= {part.session.session_id} if part.opens else set()


def _note_reasons(
    parts: Sequence[Part], reasons: Iterable[Reason | None], written: WriteResult
) -> None:
    rest = iter(reasons)
    for part in parts:
        session_id = part.session.session_id
        reason = next(rest) if part.opens else None
        if reason and reason.existing:
            written.existing[session_id] = reason.existing
        for message, why in zip(part.messages, rest, strict=False):
            if why and why.is_present:
                written.present.add(message.key)
            elif why and why.is_refusal:
                written.refused[session_id] = "ValidationError"
