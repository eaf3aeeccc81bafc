"""Stores messages of many senders in their conversations.

Concurrent calls, not calls per message: read, confirm what only the index says, write.
Reading first only saves writes; the store's conditions make a write right, so nothing
here breaks when two invocations race, repeat or die between calls.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile

from consumer.conversation.ports import (
    ConversationReads,
    ConversationStore,
    SenderWrite,
    WriteResult,
)
from consumer.conversation.session import Session, newest, next_session
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.session_key import WITHOUT_KEY, SessionKey
from consumer.retry_budget import RetryBudget
from consumer.webhook.message import ChatKey, InboundMessage

Messages = Mapping[str, Sequence[InboundMessage]]


@dataclass(slots=True)
class StoreResult:
    """What became of a batch. Messages in none of the sets are not known to be stored.

    `is_rejected`: the store allows no such call, so it was not repeated to the end of the time.
    """

    stored: set[ChatKey] = field(default_factory=set)
    duplicates: set[ChatKey] = field(default_factory=set)
    refused: dict[ChatKey, str] = field(default_factory=dict)
    opened: list[Session] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False
    sessions: dict[str, Session] = field(default_factory=dict)

    def has(self, key: ChatKey) -> bool:
        """Whether the message is known to be in the table."""
        return key in self.stored or key in self.duplicates


class MessageStorage:
    """Stores messages in their senders' conversations, opening sessions as needed."""

    def __init__(
        self,
        store: ConversationStore,
        cache: SessionCache,
        clock: Callable[[], float],
        budget: RetryBudget,
        session_key: SessionKey,
    ) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._budget = budget
        self._session_key = session_key
        self._may_learn_key = False

    def store(self, messages: Messages) -> StoreResult:
        """Find or open each sender's session and store what is new, each sender in order."""
        reads, result = ConversationReads(), StoreResult()
        self._read(
            reads,
            result,
            senders=list(messages),
            chats=[m.key for of_sender in messages.values() for m in of_sender],
            sessions=[cached for s in messages if (cached := self._cache.get(s))],
        )
        fresh = _without_stored(messages, reads, result)
        self._read(reads, result, sessions=_unconfirmed(fresh, reads))
        going_on, beginning = self._choose(fresh, reads)
        result.sessions |= {w.session.sender_id: w.session for w in going_on if w.is_empty}
        writes = [write for write in going_on if not write.is_empty]
        if beginning and not self._learn_key(result):
            self._write(writes, result)  # who needs no new session does not wait for the key
            writes = []
            while self._may_learn_key and self._budget.pause():
                self._learn_key(result)
        self._write([*writes, *self._beginnings(beginning, fresh)], result)
        return result

    def store_in(self, session: Session, messages: Sequence[InboundMessage]) -> StoreResult:
        """Store messages in a session that the caller has chosen."""
        result = StoreResult()
        self._write([SenderWrite(session, False, messages)], result)
        return result

    def _read(
        self,
        reads: ConversationReads,
        result: StoreResult,
        senders: Sequence[str] = (),
        chats: Sequence[ChatKey] = (),
        sessions: Sequence[str] = (),
    ) -> None:
        """Read, and repeat for what stayed unknown, while there is time and it may help."""
        while (senders or chats or sessions) and not (reads.is_rejected or self._budget.is_over):
            answer = self._store.read(senders, chats, sessions)
            reads.newest |= answer.newest
            reads.sessions |= answer.sessions
            reads.stored |= answer.stored
            reads.is_rejected |= answer.is_rejected
            result.problems += answer.problems
            senders = [each for each in senders if each not in reads.newest]
            chats = [each for each in chats if each not in reads.stored]
            sessions = [each for each in sessions if each not in reads.sessions]
            is_done = reads.is_rejected or not (senders or chats or sessions)
            if is_done or not self._budget.pause():
                return

    def _choose(
        self, senders: Messages, reads: ConversationReads
    ) -> tuple[list[SenderWrite], dict[str, Session | None]]:
        """Writes into sessions that go on; and of whom a session begins, the one before it.

        Senders of whom not enough was read are in neither.
        """
        going_on: list[SenderWrite] = []
        beginning: dict[str, Session | None] = {}
        for sender in [each for each in senders if _is_known(each, reads)]:
            latest = self._latest(sender, reads)
            if latest and latest.is_active:
                going_on.append(SenderWrite(latest, False, senders[sender]))
            else:
                beginning[sender] = latest
        return going_on, beginning

    def _latest(self, sender: str, reads: ConversationReads) -> Session | None:
        indexed = reads.newest[sender]
        if indexed:
            indexed = reads.sessions.get(indexed.session_id, indexed)
        cached = reads.sessions.get(self._cache.get(sender) or "")
        if cached and cached.sender_id != sender:  # a script has put a message there
            cached = None
        return newest([indexed, cached])

    def _learn_key(self, result: StoreResult) -> bool:
        """One call for the key, where it is not known; gives whether it is."""
        if self._session_key.value is None and not self._budget.is_over:
            answer = self._session_key.learn()
            result.problems += [answer.problem] * bool(answer.problem)
            self._may_learn_key = not (answer.key or answer.is_rejected)
        return self._session_key.value is not None

    def _beginnings(
        self, previous: Mapping[str, Session | None], messages: Messages
    ) -> list[SenderWrite]:
        """Writes that open a session behind the one before; none while the key is not known."""
        key, now = self._session_key.value, self._clock()
        if key is None:
            return []
        opened = {s: next_session(s, each, now, key) for s, each in previous.items()}
        return [SenderWrite(each, True, messages[s]) for s, each in opened.items()]

    def _write(self, writes: Sequence[SenderWrite], result: StoreResult) -> None:
        """Write all together, then what is left sender by sender: none waits for others."""
        left = self._write_once(writes, result) if writes and not self._budget.is_over else []
        while left and not result.is_rejected and self._budget.pause():
            left = [rest for each in left if (rest := self._write_sender(each, result))]

    def _write_sender(
        self, writes: Sequence[SenderWrite], result: StoreResult
    ) -> list[SenderWrite]:
        """Make one sender's writes in order, none before the one in front of it has ended."""
        waiting = list(writes)
        while waiting and not (result.is_rejected or self._budget.is_over):
            first = waiting.pop(0)
            session = result.sessions.get(first.session.sender_id)
            if session is not None:  # the one in front has opened or found it
                first = SenderWrite(session, False, first.messages)
            for left in self._write_once([first], result):
                return [*left, *waiting]
        return waiting

    def _write_once(
        self, writes: Sequence[SenderWrite], result: StoreResult
    ) -> list[list[SenderWrite]]:
        """One atomic try; gives, by sender, the writes that are still to be made, revised."""
        written = self._store.write(writes, Decimal(f"{self._clock():.6f}"))
        result.stored |= written.stored
        result.duplicates |= written.present
        result.problems += written.problems
        result.is_rejected |= written.is_rejected
        result.opened += [w.session for w in writes if w.opens and _id(w) in written.opened]
        return [left for each in writes if (left := self._after(each, written, result))]

    def _after(
        self, write: SenderWrite, written: WriteResult, result: StoreResult
    ) -> list[SenderWrite]:
        """What remains of a write: nothing, or itself with what the try has shown."""
        if _id(write) in written.refused:
            return _split(write, written.refused[_id(write)], result)
        session, opens = write.session, write.opens and _id(write) not in written.opened
        if opens and (existing := written.existing.get(_id(write))):
            session, opens = self._follow(session.sender_id, existing)
        left = SenderWrite(session, opens, [m for m in write.messages if not result.has(m.key)])
        if left.messages or (opens and not write.messages):
            return [left]
        if not opens:  # else everything was stored before, in a session that is completed by now
            self._cache.put(session.sender_id, session.session_id)
            result.sessions[session.sender_id] = session
        return []

    def _follow(self, sender: str, existing: Session) -> tuple[Session, bool]:
        """Go on from a session that was created before: use it, or step along its chain."""
        if existing.is_active:
            return existing, False
        key = self._session_key.value or WITHOUT_KEY
        return next_session(sender, existing, self._clock(), key), True


def _without_stored(messages: Messages, reads: ConversationReads, result: StoreResult) -> Messages:
    """Leave the messages known to be new, up to a sender's first unknown one."""
    fresh = {}
    for sender, of_sender in messages.items():
        read = list(takewhile(lambda m: m.key in reads.stored, of_sender))
        result.duplicates |= {m.key for m in read if reads.stored[m.key]}
        new = [m for m in read if not reads.stored[m.key]]
        if new or not of_sender:
            fresh[sender] = new
    return fresh


def _is_known(sender: str, reads: ConversationReads) -> bool:
    """Whether the sender's newest session was read, one that the index calls active twice."""
    if sender not in reads.newest:
        return False
    indexed = reads.newest[sender]
    return not (indexed and indexed.is_active) or indexed.session_id in reads.sessions


def _unconfirmed(senders: Messages, reads: ConversationReads) -> list[str]:
    """Sessions that only the lagging index calls active."""
    indexed = [reads.newest.get(sender) for sender in senders]
    active = [each.session_id for each in indexed if each and each.is_active]
    return [each for each in active if each not in reads.sessions]


def _split(write: SenderWrite, reason: str, result: StoreResult) -> list[SenderWrite]:
    """Find the message that spoils a write: write one at a time, and set it aside when alone."""
    if len(write.messages) > 1:
        return [replace(write, messages=[message]) for message in write.messages]
    for message in write.messages:
        result.refused[message.key] = reason
    return []


def _id(write: SenderWrite) -> str:
    return write.session.session_id
