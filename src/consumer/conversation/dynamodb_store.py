"""Sessions and chats in DynamoDB: the ConversationStore that runs on AWS."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import Item
from consumer.aws.dynamodb import (
    MAX_ACTIONS,
    MAX_KEYS,
    MAX_TRANSACTION_BYTES,
    DynamoDb,
    ReadResult,
    Reason,
    chunks,
)
from consumer.conversation.chat_table import chat_put, presence_read
from consumer.conversation.ports import ConversationReads, SenderWrite, WriteResult
from consumer.conversation.session_table import newest_query, session_of, session_put, session_read
from consumer.errors import Refused, Unavailable
from consumer.item_size import size_of
from consumer.webhook.message import ChatKey, InboundMessage

# The resolution of `stored_at`; a transaction takes far longer.
MOMENT_SECONDS = Decimal("0.000001")

# Rejected for what one of the writes holds: the others may still be written.
_CONTENT_ERRORS = ("ValidationException", "SerializationException", "Http413")


class DynamoConversationStore:
    """Reads concurrently, writes in as few transactions as hold the writes.

    Chats expire `retention_seconds` after they are stored; never when it is 0.
    """

    def __init__(
        self, dynamodb: DynamoDb, chats: str, sessions: str, retention_seconds: int = 0
    ) -> None:
        self._dynamodb = dynamodb
        self._chats = chats
        self._sessions = sessions
        self._retention_seconds = retention_seconds

    def read(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> ConversationReads:
        """Query and read concurrently; see ConversationStore."""
        keys = [presence_read(self._chats, key) for key in dict.fromkeys(chats)]
        keys += [session_read(self._sessions, each) for each in dict.fromkeys(sessions)]
        queries = {
            sender: self._dynamodb.start_query(newest_query(self._sessions, sender))
            for sender in senders
        }
        batches = [self._dynamodb.start_batch_get(part) for part in chunks(keys, MAX_KEYS)]
        reads = ConversationReads()
        for sender, finish in queries.items():
            try:
                _note_newest(sender, finish(), reads)
            except (Unavailable, Refused) as error:
                reads.problems.append(f"Query:{error}")
                reads.is_rejected |= isinstance(error, Refused)
        for batch in batches:
            self._note_rows(batch(), reads)
        return reads

    def write(self, writes: Sequence[SenderWrite], stored_at: Decimal) -> WriteResult:
        """Write each sender's parts in order; see ConversationStore.

        Each transaction has a moment of its own: a POST about the first one's messages
        may be made before the second is applied, and must not seem to cover it.
        """
        result = WriteResult()
        held_back: set[str] = set()
        for transaction in _pack(_parts(writes)):
            ready = [each for each in transaction if each.session.session_id not in held_back]
            try:
                if ready and not self._transact(ready, stored_at, result, alone=len(writes) == 1):
                    held_back |= {each.session.session_id for each in ready}
            except Unavailable as error:  # it may have taken long: the caller looks at the time
                result.problems.append(f"write:{error.code}")
                break
            if result.is_rejected:
                break
            stored_at += MOMENT_SECONDS
        return result

    def _note_rows(self, found: ReadResult, reads: ConversationReads) -> None:
        reads.problems += found.problems
        reads.is_rejected |= found.is_rejected
        for wanted, item in found.answered:
            if wanted.table == self._sessions:
                session = session_of(item) if item else None
                is_there = session is not None and not session.erased
                reads.sessions[wanted.key["session_id"]["S"]] = session if is_there else None
            else:
                key = ChatKey(wanted.key["sender_id"]["S"], wanted.key["message_id"]["S"])
                reads.stored[key] = item is not None

    def _transact(
        self, parts: Sequence[SenderWrite], stored_at: Decimal, result: WriteResult, *, alone: bool
    ) -> bool:
        """One transaction; True when it was applied. Raises Unavailable."""
        try:
            reasons = self._dynamodb.write([a for p in parts for a in self._actions(p, stored_at)])
        except Refused as error:
            result.problems.append(f"write:{error}")
            result.is_rejected = error.code not in _CONTENT_ERRORS
            if alone and error.code in _CONTENT_ERRORS:
                result.refused[parts[0].session.session_id] = error.code
            return False
        if not reasons:
            _note_applied(parts, result)
            return True
        rest = iter(reasons)
        for part in parts:
            _note_reasons(part, [next(rest) for _ in range(_actions_of(part))], result)
        return False

    def _actions(self, part: SenderWrite, stored_at: Decimal) -> Iterable[dict[str, Any]]:
        if part.opens:
            yield session_put(self._sessions, part.session)
        for message in part.messages:
            session_id = part.session.session_id
            yield chat_put(self._chats, message, session_id, stored_at, self._retention_seconds)


def _parts(writes: Sequence[SenderWrite]) -> Iterable[tuple[SenderWrite, int]]:
    """Each write in parts that fit into one transaction, with their bytes; the first one opens."""
    for write in writes:
        opens, rest = write.opens, list(write.messages)
        while opens or rest:
            count, size = _fitting(rest, MAX_ACTIONS - opens)
            yield replace(write, opens=opens, messages=rest[:count]), size
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
    parts = [message.channel, message.message_type]
    return 1024 + size_of([*parts, message.content, message.sender, message.metadata])


def _pack(parts: Iterable[tuple[SenderWrite, int]]) -> Iterable[list[SenderWrite]]:
    """Parts together as long as they fit into one transaction."""
    packed: list[SenderWrite] = []
    actions = total = 0
    for part, size in parts:
        actions, total = actions + _actions_of(part), total + size
        if packed and (actions > MAX_ACTIONS or total > MAX_TRANSACTION_BYTES):
            yield packed
            packed, actions, total = [], _actions_of(part), size
        packed.append(part)
    if packed:
        yield packed


def _actions_of(part: SenderWrite) -> int:
    return len(part.messages) + part.opens


def _note_newest(sender: str, items: list[Item], reads: ConversationReads) -> None:
    reads.newest[sender] = session_of(items[0]) if items else None


def _note_applied(parts: Sequence[SenderWrite], result: WriteResult) -> None:
    for part in parts:
        result.stored |= {message.key for message in part.messages}
        if part.opens:
            result.opened.add(part.session.session_id)


def _note_reasons(part: SenderWrite, reasons: list[Reason], result: WriteResult) -> None:
    """What the reasons of a cancelled transaction tell about one part."""
    session_id = part.session.session_id
    result.problems += [f"write:{r.code}" for r in reasons if not (r.is_none or r.is_condition)]
    if part.opens:
        reason = reasons.pop(0)
        if reason.is_condition and reason.item:
            result.existing[session_id] = session_of(reason.item)
        elif reason.is_refusal:
            result.refused[session_id] = reason.code
    for message, reason in zip(part.messages, reasons, strict=True):
        if reason.is_condition:
            result.present.add(message.key)
        elif reason.is_refusal:
            result.refused[session_id] = reason.code
