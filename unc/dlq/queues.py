"""The dead-letter queues by name: what each holds, and the queue that it goes back to."""

from __future__ import annotations

from dataclasses import dataclass

from unc.aws.resources import Resources
from unc.errors import BadInput

MESSAGES = "messages"
REPLIES = "replies"
STREAM = "stream"
NAMES = (MESSAGES, REPLIES, STREAM)


@dataclass(frozen=True)
class DeadLetterQueue:
    """One of the three; `url` is where it lies, `back_to` the queue of a second try."""

    name: str
    holds: str
    url: str
    back_to: str


def _all_queues(resources: Resources) -> list[DeadLetterQueue]:
    """Return every dead-letter queue of a stack, in the order a message may meet them."""
    retry = resources.reply_retry_queue
    return [
        DeadLetterQueue(
            MESSAGES,
            "webhook bodies that were not stored",
            resources.dead_letter_queue,
            resources.queue,
        ),
        DeadLetterQueue(
            REPLIES,
            "stored messages that the reply service was not notified of",
            resources.reply_dead_letter_queue,
            retry,
        ),
        DeadLetterQueue(
            STREAM,
            "positions in the chats stream that Lambda stopped retrying",
            resources.stream_failure_queue,
            retry,
        ),
    ]


def check_name(name: str | None) -> str | None:
    """Return the name; raises BadInput where no dead-letter queue has it."""
    if name is not None and name not in NAMES:
        raise BadInput(f"there is no dead-letter queue {name}", f"--queue {' | '.join(NAMES)}")
    return name


def choose_queues(resources: Resources, name: str | None) -> list[DeadLetterQueue]:
    """Return the queue of a name, or all; raises BadInput for a name that none has."""
    check_name(name)
    return [queue for queue in _all_queues(resources) if name in (None, queue.name)]
