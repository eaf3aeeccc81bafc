"""SQS: a FIFO queue with message groups, and a standard queue with delays.

A receive hides messages for a while and counts; what was received too often moves to
the dead-letter queue at the next receive, without a reason.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

DEDUPLICATION_SECONDS = 300.0
FIRST_SEQUENCE = 18_870_000_000_000_000_000


@dataclass(slots=True, eq=False)
class Message:
    """One message; `visible_at` in epoch seconds."""

    id: str
    body: str
    group: str
    sent_ms: int
    sequence: int
    attributes: Mapping[str, str]
    visible_at: float = 0.0
    receives: int = 0


@dataclass(slots=True)
class Queue:
    """What both kinds share. `most_receives` None: nothing ever moves away.

    `on_send` and `on_move` are called with what came, and with what moved to `dead_letters`.
    """

    name: str
    clock: Callable[[], float]
    most_receives: int | None = None
    dead_letters: Queue | None = None
    on_send: Callable[[Message], None] = lambda message: None
    on_move: Callable[[Message], None] = lambda message: None
    messages: dict[str, Message] = field(default_factory=dict)
    _sent: int = 0

    def send(
        self,
        body: str,
        group: str = "",
        attributes: Mapping[str, str] | None = None,
        delay: float = 0.0,
    ) -> Message:
        """Take a message; its id and sequence number rise."""
        now = self.clock()
        message = Message(
            id=f"{self.name}-{self._sent + 1:06d}",
            body=body,
            group=group,
            sent_ms=int(now * 1000),
            sequence=self.next_sequence(),
            attributes=dict(attributes or {}),
            visible_at=now + delay,
        )
        self.put(message)
        return message

    def next_sequence(self) -> int:
        self._sent += 1
        return FIRST_SEQUENCE + 256 * self._sent

    def put(self, message: Message) -> None:
        self.messages[message.id] = message
        self.on_send(message)

    def delete(self, message: Message, receives: int | None = None) -> bool:
        """Delete it, unless it has been received again since (`receives` is then outdated)."""
        if receives not in (None, message.receives):
            return False
        return self.messages.pop(message.id, None) is not None

    def _take(self, messages: Iterable[Message], limit: int, visibility: float) -> list[Message]:
        """Receive the first ones, moving those away that were received too often."""
        taken: list[Message] = []
        for message in messages:
            if len(taken) == limit:
                break
            if self.most_receives is not None and message.receives >= self.most_receives:
                self._move(message)
                continue
            message.receives += 1
            message.visible_at = self.clock() + visibility
            taken.append(message)
        return taken

    def _move(self, message: Message) -> None:
        """SQS's own redrive: it says no reason, and the place in the new queue is a new one."""
        del self.messages[message.id]
        self.on_move(message)
        if self.dead_letters is not None:
            message.receives, message.visible_at = 0, 0.0
            message.sent_ms = int(self.clock() * 1000)
            message.sequence = self.dead_letters.next_sequence()
            self.dead_letters.put(message)


@dataclass(slots=True)
class FifoQueue(Queue):
    """Order within a group; nothing of a group is given while some of it is in flight."""

    _seen: dict[str, float] = field(default_factory=dict)

    def send_once(
        self, deduplication_id: str, body: str, group: str, attributes: Mapping[str, str]
    ) -> Message | None:
        """Take a message, unless one with this id came within five minutes."""
        now = self.clock()
        if now - self._seen.get(deduplication_id, float("-inf")) < DEDUPLICATION_SECONDS:
            return None
        self._seen[deduplication_id] = now
        return self.send(body, group, attributes)

    def receive(self, limit: int, visibility: float, random: Random) -> list[Message]:
        """Receive from any groups, as many of a group as there are, in order."""
        now = self.clock()
        groups: defaultdict[str, list[Message]] = defaultdict(list)
        for message in self.messages.values():
            groups[message.group].append(message)
        free = [each for each in groups.values() if all(m.visible_at <= now for m in each)]
        random.shuffle(free)
        return self._take(itertools.chain.from_iterable(free), limit, visibility)


@dataclass(slots=True)
class StandardQueue(Queue):
    """No order."""

    def receive(self, limit: int, visibility: float, random: Random) -> list[Message]:
        """Receive any that are visible."""
        now = self.clock()
        visible = [each for each in self.messages.values() if each.visible_at <= now]
        random.shuffle(visible)
        return self._take(visible, limit, visibility)
