"""Sessions and chats in DynamoDB: the ConversationStore that runs on AWS."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from adapters.chats import chat_put, presence_read
from adapters.dynamodb import (
    MAX_ACTIONS,
    MAX_KEYS,
    MAX_TRANSACTION_BYTES,
    DynamoDb,
    Found,
    Read,
    Reason,
    chunks,
)
from adapters.sessions import newest_query, session_of, session_put, session_read
from adapters.values import Item
from adapters.wave import Wave
from domain.chats import ChatKey, InboundMessage
from domain.errors import Refused, Unavailable
from domain.ports import Known, Unit, Written
from domain.sessions import Session
from domain.size import size_of

# The resolution of `stored_at`; a transaction takes far longer.
MOMENT_SECONDS = Decimal("0.000001")

# Declined for what one of the units holds: the others may still be written.
_OVER_CONTENT = ("ValidationException", "SerializationException", "Http413")


@dataclass(frozen=True, slots=True)
class _Slice:
    """A part of a unit that fits into one transaction; only the first part opens the session."""

    session: Session
    opens: bool
    messages: Sequence[InboundMessage]
    size: int

    @property
    def actions(self) -> int:
        return len(self.messages) + self.opens


class DynamoConversations:
    """Reads in one wave, writes in as few transactions as hold the units.

    Chats expire `retention_seconds` after they are stored; never when it is 0.
    """

    def __init__(
        self,
        dynamodb: DynamoDb,
        wave: Wave,
        chats: str,
        sessions: str,
        retention_seconds: int = 0,
    ) -> None:
        self._dynamodb = dynamodb
        self._wave = wave
        self._chats = chats
        self._sessions = sessions
        self._retention_seconds = retention_seconds

    def look_up(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> Known:
        """Query and read at once; see ConversationStore."""
        reads = [presence_read(self._chats, key) for key in dict.fromkeys(chats)]
        reads += [session_read(self._sessions, each) for each in dict.fromkeys(sessions)]
        known = Known()
        queries = [partial(self._find_newest, sender, known) for sender in senders]
        parts = [partial(self._read, part, known) for part in chunks(reads, MAX_KEYS)]
        self._wave.run([*queries, *parts])
        return known

    def write(self, units: Sequence[Unit], stored_at: Decimal) -> Written:
        """Write each unit's slices in order; see ConversationStore.

        Each transaction has a moment of its own: a POST about the first one's messages
        may be made before the second is applied, and must not seem to cover it.
        """
        written = Written()
        held_back: set[str] = set()
        for transaction in _pack(_slices(units)):
            ready = [each for each in transaction if each.session.session_id not in held_back]
            try:
                if ready and not self._transact(ready, stored_at, written, alone=len(units) == 1):
                    held_back |= {each.session.session_id for each in ready}
            except Unavailable as error:  # it may have taken long: whoever asks looks at the time
                written.problems.append(f"write:{error.code}")
                break
            if written.declined:
                break
            stored_at += MOMENT_SECONDS
        return written

    def _find_newest(self, sender: str, known: Known) -> Callable[[], None]:
        query = self._dynamodb.start_query(newest_query(self._sessions, sender))
        return partial(self._note_newest, sender, query, known)

    def _read(self, reads: Sequence[Read], known: Known) -> Callable[[], None]:
        return partial(self._note_rows, self._dynamodb.start_batch_get(reads), known)

    def _note_newest(self, sender: str, query: Callable[[], list[Item]], known: Known) -> None:
        try:
            items = query()
        except (Unavailable, Refused) as error:
            known.problems.append(f"Query:{error}")
            known.declined |= isinstance(error, Refused)
        else:
            known.newest[sender] = session_of(items[0]) if items else None

    def _note_rows(self, read: Callable[[], Found], known: Known) -> None:
        found = read()
        known.problems += found.problems
        known.declined |= found.declined
        for wanted, item in found.answered:
            if wanted.table == self._sessions:
                known.sessions[wanted.key["session_id"]["S"]] = session_of(item) if item else None
            else:
                key = ChatKey(wanted.key["sender_id"]["S"], wanted.key["message_id"]["S"])
                known.stored[key] = item is not None

    def _transact(
        self, slices: Sequence[_Slice], stored_at: Decimal, written: Written, *, alone: bool
    ) -> bool:
        """One transaction; True when it was applied. Raises Unavailable."""
        actions = [action for each in slices for action in self._actions(each, stored_at)]
        try:
            reasons = self._dynamodb.write(actions)
        except Refused as error:
            written.problems.append(f"write:{error}")
            written.declined = error.code not in _OVER_CONTENT
            if alone and error.code == "ValidationException":
                written.refused[slices[0].session.session_id] = error.code
            return False
        if not reasons:
            _note_applied(slices, written)
            return True
        rest = iter(reasons)
        for each in slices:
            _note_reasons(each, [next(rest) for _ in range(each.actions)], written)
        return False

    def _actions(self, part: _Slice, stored_at: Decimal) -> Iterable[dict[str, Any]]:
        if part.opens:
            yield session_put(self._sessions, part.session)
        for message in part.messages:
            session_id = part.session.session_id
            yield chat_put(self._chats, message, session_id, stored_at, self._retention_seconds)


def _slices(units: Sequence[Unit]) -> Iterable[_Slice]:
    for unit in units:
        opens, rest = unit.opens, list(unit.messages)
        while opens or rest:
            count, size = _fitting(rest, MAX_ACTIONS - opens)
            yield _Slice(unit.session, opens, rest[:count], size)
            opens, rest = False, rest[count:]


def _fitting(messages: Sequence[InboundMessage], most: int) -> tuple[int, int]:
    """How many of the messages fit into one transaction, at least one, and their bytes."""
    total = 0
    for count, message in enumerate(messages[:most]):
        size = _bytes(message)
        if count and total + size > MAX_TRANSACTION_BYTES:
            return count, total
        total += size
    return min(len(messages), most), total


def _bytes(message: InboundMessage) -> int:
    parsed = message.parsed
    parts = [parsed.channel, parsed.message_type, parsed.content, parsed.sender, parsed.metadata]
    return 1024 + size_of(parts)


def _pack(slices: Iterable[_Slice]) -> Iterable[list[_Slice]]:
    """Slices together as long as they fit into one transaction."""
    packed: list[_Slice] = []
    actions = size = 0
    for each in slices:
        actions, size = actions + each.actions, size + each.size
        if packed and (actions > MAX_ACTIONS or size > MAX_TRANSACTION_BYTES):
            yield packed
            packed, actions, size = [], each.actions, each.size
        packed.append(each)
    if packed:
        yield packed


def _note_applied(slices: Sequence[_Slice], written: Written) -> None:
    for each in slices:
        written.stored |= {message.key for message in each.messages}
        if each.opens:
            written.opened.add(each.session.session_id)


def _note_reasons(part: _Slice, reasons: list[Reason], written: Written) -> None:
    """What the reasons of a cancelled transaction tell about one slice."""
    session_id = part.session.session_id
    written.problems += [f"write:{r.code}" for r in reasons if _is_trouble(r)]
    if part.opens:
        reason = reasons.pop(0)
        if reason.is_condition and reason.item:
            written.existing[session_id] = session_of(reason.item)
        elif reason.is_refusal:
            written.refused[session_id] = reason.code
    for message, reason in zip(part.messages, reasons, strict=True):
        if reason.is_condition:
            written.present.add(message.key)
        elif reason.is_refusal:
            written.refused[session_id] = reason.code


def _is_trouble(reason: Reason) -> bool:
    return reason.code not in ("None", "ConditionalCheckFailed")
