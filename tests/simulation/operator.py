"""The operator: brings dead letters back, as the tool does it; may be interrupted anywhere."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.support.memory.fault_schedule import DEATH, FaultSchedule
from tests.support.memory.queues import FifoQueue, Message, StandardQueue
from tests.support.memory.scheduler import Scheduler


class Operator:
    """Receives, sends, deletes, in order; the first place travels along."""

    def __init__(
        self,
        queue: FifoQueue,
        dead_letters: FifoQueue,
        retries: StandardQueue,
        reply_dead_letters: StandardQueue,
        scheduler: Scheduler,
        faults: FaultSchedule,
        random: Random,
    ) -> None:
        self._queue = queue
        self._dead_letters = dead_letters
        self._retries = retries
        self._reply_dead_letters = reply_dead_letters
        self._scheduler = scheduler
        self._faults = faults
        self._random = random
        self.on_redrive: Callable[[Message, Message], None] = lambda old, new: None
        self.on_delete: Callable[[Message], None] = lambda message: None

    def redrive(self) -> None:
        """A task: everything that lies in the dead-letter queues now, once."""
        for message in list(self._dead_letters.messages.values()):
            if not self._goes_on() or message.id not in self._dead_letters.messages:
                return
            sent = self._queue.send_once(
                f"redrive {message.id}",
                message.body,
                message.attributes.get("OriginalMessageGroupId", message.group),
                message.attributes
                if "OriginalSequenceNumber" in message.attributes
                else _place(message),
            )
            if sent is not None:
                self.on_redrive(message, sent)
            if not self._goes_on():
                return
            if self._dead_letters.delete(message):
                self.on_delete(message)
        for message in list(self._reply_dead_letters.messages.values()):
            self._retries.send(message.body)
            if not self._goes_on():
                return
            self._reply_dead_letters.delete(message)

    def _goes_on(self) -> bool:
        self._scheduler.pause(0.05 * self._random.random())
        return self._faults.inject("queue.redrive", DEATH, self._scheduler.now) is None


def _place(message: Message) -> dict[str, str]:
    """The place that the envelope gives, as attributes."""
    return {
        "OriginalMessageId": message.id,
        "OriginalSentTimestamp": str(message.sent_ms),
        "OriginalSequenceNumber": str(message.sequence),
        "OriginalMessageGroupId": message.group,
    }
