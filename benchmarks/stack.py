"""Through the whole stack on the emulator: from the queue to the table and to the reply service.

1,000 messages of 50 senders, in one message group or in one for each sender. The template, the
emulator and the reply service are the same for both targets; only the zip differs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from unc.deploy.package import Package
from unc.local.stack import RunningStack, Settings, running_stack
from unc.messages.message import Message, write_message
from unc.messages.send import send_messages

MESSAGES = 1000
SENDERS = 50
REPLY_SECONDS = 0.1
LONGEST_SECONDS = 240.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class StackResult:
    """Seconds from queued, by message; `posts` that the reply service got."""

    stored: list[float]
    told: list[float]
    seconds: float
    posts: int

    @property
    def rate(self) -> float:
        """Return messages a second, from the first queued to the last stored."""
        return len(self.stored) / self.seconds

    def percentile(self, name: str, percent: int) -> float:
        """Return the seconds within which so many of 100 messages were stored, or told."""
        return quantiles(getattr(self, name), n=100)[percent - 1]


def measure_stack(package: Package | None, one_group: bool, count: int = MESSAGES) -> StackResult:
    """Run a stack, send everything at once, and wait until all is stored and told.

    Raises TimeoutError when it is not.
    """
    messages = make_messages(count)
    with running_stack(Settings(package=package)) as stack:
        assert stack.reply is not None
        stack.reply.delay_seconds = REPLY_SECONDS
        send_messages(stack.aws, stack.resources.queue, messages, one_group)
        # Who waits by looking at the table takes the emulator's time from what is measured.
        tellings = wait_for_tellings(stack, messages)
        chats = wait_for_chats(stack, count)
        return result_of(messages, chats, tellings, len(stack.reply.posts))


def make_messages(count: int) -> list[Message]:
    """Return texts of the senders in turn; the number in a text is its place."""
    return [
        write_message(f"whatsapp:+4915{n % SENDERS:09d}", f"message {n:06d}") for n in range(count)
    ]


def wait_for_chats(stack: RunningStack, count: int) -> list[dict[str, Any]]:
    """Return the inbound chats, once all are there."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        chats = read_chats(stack)
        if len(chats) >= count:
            return chats
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(chats)} of {count} messages are stored")
        time.sleep(POLL_SECONDS)


def read_chats(stack: RunningStack) -> list[dict[str, Any]]:
    """Read the whole table, the inbound ones of it."""
    pages = stack.aws.dynamodb.get_paginator("scan").paginate(
        TableName=stack.resources.chat_table, PaginationConfig={"PageSize": 500}
    )
    rows = [row for page in pages for row in page["Items"]]
    return [row for row in rows if row["chat_type"]["S"] == "inbound"]


def wait_for_tellings(stack: RunningStack, messages: Iterable[Message]) -> dict[str, list[Any]]:
    """Return the accepted POSTs by sender, once each sender's last message is told."""
    last = {message.sender_id: message.label for message in messages}
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        accepted: dict[str, list[Any]] = {}
        for telling in stack.reply.accepted() if stack.reply else []:
            accepted.setdefault(telling.sender_id, []).append(telling)
        told = {sender: max(t.message for t in found) for sender, found in accepted.items()}
        if all(told.get(sender, "") >= label for sender, label in last.items()):
            return accepted
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(told)} of {len(last)} senders were told")
        time.sleep(POLL_SECONDS)


def result_of(
    messages: Iterable[Message],
    chats: Iterable[Mapping[str, Any]],
    tellings: Mapping[str, list[Any]],
    posts: int,
) -> StackResult:
    """Hold what was stored and told against when it was queued: `created_at` says that."""
    queued, stored = {}, {}
    for row in chats:
        queued[row["message_id"]["S"]] = float(row["created_at"]["N"])
        stored[row["message_id"]["S"]] = float(row["stored_at"]["N"])
    told = {
        message.message_id: min(
            telling.at
            for telling in tellings[message.sender_id]
            if telling.message >= message.label
        )
        for message in messages
    }
    return StackResult(
        stored=[stored[key] - queued[key] for key in queued],
        told=[told[key] - queued[key] for key in queued],
        seconds=max(stored.values()) - min(queued.values()),
        posts=posts,
    )
