"""What storing reads from and does to the outside, and what it may answer.

Every call is one try. An answer leaves out what it does not know (throttled,
unprocessed, timed out, outcome unknown) and says why in `problems`, as codes that
show nothing of a message; the caller repeats the call for the rest. Nothing here
raises for a fault of the outside.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from consumer.conversation.batch import RejectedRecord
from consumer.conversation.session import Session
from consumer.webhook.message import ChatKey, InboundMessage


@dataclass(slots=True)
class ConversationReads:
    """What was read: by sender the index's newest session, by key the rows themselves.

    A key with the value None (or False) is known not to exist. `is_rejected`: the store does
    not allow such a read (a right is missing, or a table), so repeating it is in vain.
    """

    newest: dict[str, Session | None] = field(default_factory=dict)
    sessions: dict[str, Session | None] = field(default_factory=dict)
    stored: dict[ChatKey, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class SessionKeyAnswer:
    """What one call for the session key has brought; `key` is blank while it is not known.

    `is_absent`: there is none yet. `is_rejected`: the same call would be rejected again.
    """

    key: str = ""
    is_absent: bool = False
    problem: str = ""
    is_rejected: bool = False


class SessionKeyStore(Protocol):
    """Where the stack's session key is kept."""

    def read(self) -> SessionKeyAnswer:
        """Read the key consistently."""

    def create(self, candidate: str) -> SessionKeyAnswer:
        """Make `candidate` the key for everybody, unless there is one by now."""


@dataclass(frozen=True, slots=True)
class SenderWrite:
    """What is written for one sender, all or nothing: a session to open first, and messages."""

    session: Session
    opens: bool
    messages: Sequence[InboundMessage]

    @property
    def is_empty(self) -> bool:
        return not (self.opens or self.messages)


@dataclass(slots=True)
class WriteResult:
    """What a write did. A message is in at most one of `stored`, `present` and `refused`.

    `opened`: sessions that this write created. `existing`: sessions that were there
    already, as they are. `refused`: writes that can never be made so, by session id, with
    the reason. `is_rejected`: the store does not allow such a write, whatever it holds, so
    repeating it is in vain.
    """

    stored: set[ChatKey] = field(default_factory=set)
    present: set[ChatKey] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    existing: dict[str, Session] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False


class ConversationStore(Protocol):
    """Sessions and chats."""

    def read(
        self, senders: Collection[str], chats: Collection[ChatKey], sessions: Collection[str]
    ) -> ConversationReads:
        """Read the newest session of each sender from the index (which lags), rows consistently."""

    def write(self, writes: Sequence[SenderWrite], stored_at: Decimal) -> WriteResult:
        """Write all in one atomic step; no row that exists is ever changed.

        What is too much for one step is written in several, each with a later `stored_at`,
        and none after one whose outcome is unknown.
        """


class DeadLetterQueue(Protocol):
    """The queue for bodies that are never stored."""

    def quarantine(self, rejected: Sequence[RejectedRecord]) -> set[str]:
        """Send records there; gives the ids of those known to have arrived."""
