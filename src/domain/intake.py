"""Messages of many senders go into their conversations: the queue half's engine.

Waves, not calls per message: look up, confirm what the index only claims, write. It
reads before it writes only to save writes; what makes a write right are the store's
conditions, so nothing here breaks when two of it race, repeat or die between calls.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile

from domain.cache import SessionCache
from domain.chats import ChatKey, InboundMessage
from domain.patience import Patience
from domain.ports import ConversationStore, Known, Unit, Written
from domain.sessions import Session, newest, next_session

Messages = Mapping[str, Sequence[InboundMessage]]


@dataclass(slots=True)
class Intake:
    """What became of a batch. Messages in none of the sets are not known to be stored.

    `declined`: the store will not take any, and was not asked to the end of the time.
    """

    stored: set[ChatKey] = field(default_factory=set)
    duplicates: set[ChatKey] = field(default_factory=set)
    refused: dict[ChatKey, str] = field(default_factory=dict)
    opened: list[Session] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    declined: bool = False
    sessions: dict[str, Session] = field(default_factory=dict)

    def settles(self, key: ChatKey) -> bool:
        return key in self.stored or key in self.duplicates


class Conversations:
    """Stores messages in their senders' conversations, opening sessions as needed."""

    def __init__(
        self,
        store: ConversationStore,
        cache: SessionCache,
        clock: Callable[[], float],
        patience: Patience,
    ) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._patience = patience

    def take_in(self, messages: Messages) -> Intake:
        """Find or open each sender's session and store what is new, each sender in order."""
        intake = Intake()
        known = self._look_up(messages, intake)
        fresh = self._drop_stored(messages, known, intake)
        self._confirm(fresh, known, intake)
        units = [unit for s in fresh if (unit := self._unit(s, fresh[s], known))]
        intake.sessions |= {u.session.sender_id: u.session for u in units if _is_done(u)}
        self._write([unit for unit in units if not _is_done(unit)], intake)
        return intake

    def put(self, session: Session, messages: Sequence[InboundMessage]) -> Intake:
        """Store messages in a session that the caller has chosen."""
        intake = Intake()
        self._write([Unit(session, False, messages)], intake)
        return intake

    def _look_up(self, messages: Messages, intake: Intake) -> Known:
        """One wave: the index for each sender; chat rows and cached sessions consistently."""
        known = Known()
        cached = {sender: self._cache.get(sender) for sender in messages}
        self._ask(
            known,
            intake,
            senders=list(messages),
            chats=[m.key for of_sender in messages.values() for m in of_sender],
            sessions=[session_id for session_id in cached.values() if session_id],
        )
        return known

    def _confirm(self, senders: Messages, known: Known, intake: Intake) -> None:
        """Read consistently the sessions that only the lagging index calls active."""
        claimed = [known.newest.get(sender) for sender in senders]
        unconfirmed = [
            each.session_id
            for each in claimed
            if each and each.is_active and each.session_id not in known.sessions
        ]
        if unconfirmed:
            self._ask(known, intake, sessions=unconfirmed)

    def _ask(
        self,
        known: Known,
        intake: Intake,
        senders: Sequence[str] = (),
        chats: Sequence[ChatKey] = (),
        sessions: Sequence[str] = (),
    ) -> None:
        """Ask, and ask again for what stayed open, while there is time and it may help."""
        while not (known.declined or self._patience.is_over):
            answer = self._store.look_up(senders, chats, sessions)
            known.newest |= answer.newest
            known.sessions |= answer.sessions
            known.stored |= answer.stored
            known.declined |= answer.declined
            intake.problems += answer.problems
            senders = [each for each in senders if each not in known.newest]
            chats = [each for each in chats if each not in known.stored]
            sessions = [each for each in sessions if each not in known.sessions]
            is_done = known.declined or not (senders or chats or sessions)
            if is_done or not self._patience.pause():
                return

    def _drop_stored(self, messages: Messages, known: Known, intake: Intake) -> Messages:
        """Leave the messages known to be new, up to a sender's first unknown one."""
        fresh = {}
        for sender, of_sender in messages.items():
            read = list(takewhile(lambda m: m.key in known.stored, of_sender))
            intake.duplicates |= {m.key for m in read if known.stored[m.key]}
            new = [m for m in read if not known.stored[m.key]]
            if new or not of_sender:
                fresh[sender] = new
        return fresh

    def _unit(self, sender: str, messages: Sequence[InboundMessage], known: Known) -> Unit | None:
        """The sender's messages with the session they go to; None while that is not known."""
        if sender not in known.newest:
            return None
        claimed = known.newest[sender]
        if claimed and claimed.is_active and claimed.session_id not in known.sessions:
            return None
        if claimed:
            claimed = known.sessions.get(claimed.session_id, claimed)
        cached = known.sessions.get(self._cache.get(sender) or "")
        if cached and cached.sender_id != sender:  # a script has put a message there
            cached = None
        latest = newest([claimed, cached])
        if latest and latest.is_active:
            return Unit(latest, False, messages)
        return Unit(next_session(sender, latest, self._clock()), True, messages)

    def _write(self, units: Sequence[Unit], intake: Intake) -> None:
        """Write all together; what that leaves open sender by sender, so none waits for others."""
        turns = self._write_step(units, intake) if units and not self._patience.is_over else []
        while turns and not intake.declined and self._patience.pause():
            turns = [left for turn in turns if (left := self._write_in_turn(turn, intake))]

    def _write_in_turn(self, turn: Sequence[Unit], intake: Intake) -> list[Unit]:
        """Write one sender's units in order, none before the one in front of it is done with."""
        units = list(turn)
        while units and not (intake.declined or self._patience.is_over):
            head = units.pop(0)
            session = intake.sessions.get(head.session.sender_id)
            if session is not None:  # the one in front has opened or found it
                head = Unit(session, False, head.messages)
            for left in self._write_step([head], intake):
                return [*left, *units]
        return units

    def _write_step(self, units: Sequence[Unit], intake: Intake) -> list[list[Unit]]:
        """One atomic try; gives, by sender, the units that are still to be written, revised."""
        written = self._store.write(units, Decimal(f"{self._clock():.6f}"))
        intake.stored |= written.stored
        intake.duplicates |= written.present
        intake.problems += written.problems
        intake.declined |= written.declined
        intake.opened += [u.session for u in units if u.opens and _id(u) in written.opened]
        return [left for unit in units if (left := self._after(unit, written, intake))]

    def _after(self, unit: Unit, written: Written, intake: Intake) -> list[Unit]:
        """What remains of a unit: nothing, or itself with what the write has taught."""
        if _id(unit) in written.refused:
            return _split(unit, written.refused[_id(unit)], intake)
        session, opens = unit.session, unit.opens and _id(unit) not in written.opened
        if opens and (there := written.existing.get(_id(unit))):
            session, opens = self._follow(there)
        left = Unit(session, opens, [m for m in unit.messages if not intake.settles(m.key)])
        if left.messages or (opens and not unit.messages):
            return [left]
        if not opens:  # else everything was stored before, in a session that is completed by now
            self._cache.put(session.sender_id, session.session_id)
            intake.sessions[session.sender_id] = session
        return []

    def _follow(self, there: Session) -> tuple[Session, bool]:
        """Go on from a session that was created before: use it, or step along its chain."""
        if there.is_active:
            return there, False
        return next_session(there.sender_id, there, self._clock()), True


def _id(unit: Unit) -> str:
    return unit.session.session_id


def _is_done(unit: Unit) -> bool:
    return not unit.opens and not unit.messages


def _split(unit: Unit, reason: str, intake: Intake) -> list[Unit]:
    """Find the message that spoils a unit: write one at a time, and set it aside when alone."""
    if len(unit.messages) > 1:
        return [Unit(unit.session, unit.opens, [message]) for message in unit.messages]
    for message in unit.messages:
        intake.refused[message.key] = reason
    return []
