"""What a contract test works on: the ports, and a way to look at what they did.

The in-memory world and the adapters in front of the emulator offer the same, so that
one set of cases holds both to one behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from consumer.conversation.ports import ConversationStore, DeadLetterQueue, SessionKeyStore
from consumer.notification.ports import NotificationStore, ReplyService, RetryQueue
from consumer.webhook.message import ChatKey


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that lies in a queue."""

    body: str
    group: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Harness(Protocol):
    """One of the two worlds."""

    @property
    def conversations(self) -> ConversationStore: ...

    @property
    def session_key(self) -> SessionKeyStore: ...

    @property
    def notifications(self) -> NotificationStore: ...

    @property
    def dead_letters(self) -> DeadLetterQueue: ...

    @property
    def retry_queue(self) -> RetryQueue: ...

    def put_session(self, session_id: str, sender_id: str, **attributes: Any) -> None:
        """Write a session as the reply service may: with odd attributes, or without some."""

    def erase_session(self, session_id: str) -> None:
        """Leave of a session what an erasure leaves."""

    def put_reply(self, sender_id: str, created_at: int) -> None:
        """Write an outbound chat as the reply service does, now or at an earlier second."""

    def chat(self, key: ChatKey) -> Mapping[str, Any] | None:
        """The row as it is stored, in plain values."""

    def quarantined(self) -> list[QueuedMessage]:
        """Take what lies in the dead-letter queue of bodies."""

    def waiting(self) -> int:
        """How many scheduled messages may not be received yet."""

    def scheduled(self) -> list[QueuedMessage]:
        """Take what was scheduled, once its delay is over."""

    def forget_scheduled(self) -> None:
        """Delete what was scheduled, whatever its delay."""

    def dead_lettered(self) -> list[QueuedMessage]:
        """Take the messages of the notifications' dead-letter queue."""

    def reply_service(self, behaviour: str) -> ReplyService:
        """The port to a reply service that answers every POST in this way: a status, `drops`
        (the connection), or `absent`."""
