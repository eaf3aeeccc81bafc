"""What the intake needs of the outside."""

from typing import Protocol

from consumer.intake.queue_message import QueueMessage


class IntakeQueue(Protocol):
    """The FIFO queue of webhook bodies."""

    def send(self, message: QueueMessage) -> None:
        """Return only when the queue has the message, or has had it within five minutes.

        Raises Unavailable for an unknown outcome, Refused for what will never be taken.
        """
