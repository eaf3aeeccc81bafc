"""What is known about a sender when it is decided what to do, and what has to be read first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from consumer.conversation.session import Session, limited_until
from consumer.notification.notification import Notification
from consumer.notification.ports import NotificationReads
from consumer.notification.state import NotificationState
from consumer.webhook.message import ChatKey


@dataclass(frozen=True, slots=True)
class Need:
    """What has to be read before a decision.

    `newest`: the sender's newest messages and session, from the indexes. `evidence_since`: what
    the reply service has left since then, from the indexes. `absence_since`: the same, read
    consistently. `texts`: the chats with these keys. `sessions`: those with these ids.
    """

    newest: bool = False
    evidence_since: float | None = None
    absence_since: float | None = None
    texts: tuple[ChatKey, ...] = ()
    sessions: tuple[str, ...] = ()

    @property
    def is_one_call(self) -> bool:
        """Whether a call reads it; absence takes as many as the sender has pages of chats."""
        return self.absence_since is None


@dataclass(slots=True)
class Facts:
    """What was read about one sender; None: not read yet.

    `read_at`: when the newest messages were read, or else the rest (epoch seconds).
    """

    state: NotificationState
    read_at: float
    sessions: dict[str, Session | None] = field(default_factory=dict)
    newest: Sequence[Notification] | None = None
    current_session: Session | None = None
    evidence: bool | None = None
    absence: bool | None = None
    texts: dict[ChatKey, str | None] = field(default_factory=dict)

    def forget_old(self, now: float, most_seconds: float) -> None:
        """Forget what may have changed by itself since: newer messages, and limits.

        The row may stay: it is written only where nobody has changed it.
        """
        if now - self.read_at > most_seconds:
            self.newest, self.current_session, self.sessions = None, None, {}

    def has_unreadable_limit(self) -> bool:
        """Whether a session says in no readable way until when it is limited."""
        for session in self.sessions.values():
            try:
                limited_until(session)
            except ValueError:
                return True
        return False

    def add(
        self, sender: str, reads: NotificationReads, read_at: float, sessions: Sequence[str] = ()
    ) -> None:
        """Take in what was needed, also the sessions with these ids."""
        self.sessions |= {id: reads.sessions[id] for id in sessions if id in reads.sessions}
        if sender in reads.newest:
            self.read_at = read_at
            self.newest = reads.newest[sender]
            self.current_session = reads.current_sessions.get(sender)
        self.evidence = reads.evidence.get(sender, self.evidence)
        self.absence = reads.absence.get(sender, self.absence)
        self.texts |= {key: text for key, text in reads.texts.items() if key.sender_id == sender}


def is_read(notification: Notification, reads: NotificationReads) -> bool:
    """Whether enough was read to decide for the first time."""
    sender, session_id = notification.sender_id, notification.session_id
    return (
        sender in reads.states
        and (not session_id or session_id in reads.sessions)
        and (notification.wake_at is None or sender in reads.newest)
    )


def facts_of(notification: Notification, reads: NotificationReads, read_at: float) -> Facts:
    """What was read about the notification's sender."""
    facts = Facts(reads.states[notification.sender_id], read_at)
    if notification.session_id:
        facts.sessions[notification.session_id] = reads.sessions[notification.session_id]
    facts.add(notification.sender_id, reads, read_at)
    return facts
