"""`unc console` as a process, and what its browser tests lay into the stack."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.world import World, eventually, new_sender, write
from unc.aws.queues import send_batches
from unc.messages.message import Message

UNC = Path(sys.executable).with_name("unc")
REASON = "not stored after 10 receives: dynamodb:Throttling"


class ConsoleProcess:
    """A running `unc console`; `address` lets one browser in."""

    def __init__(self, world: World) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.process = subprocess.Popen(
            [UNC, "console", "--port", "0", "--json"],
            env=environment | {"AWS_ENDPOINT_URL": world.stack.endpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        lines = [next(self.process.stdout, "") for _ in range(3)]
        self.address: str = json.loads("".join(lines))["address"]
        self.origin = self.address.partition("/?")[0]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it; gives the exit code and what it said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=600)
        return self.process.returncode, said


def converse(world: World, *texts: str, **fields: str) -> tuple[Message, str]:
    """Let a new person write; gives the last message and the session."""
    sender = new_sender()
    message = None
    for text in texts:
        message = write(sender, text, **fields)
        world.send(message.body, group=message.sender_id)
        world.await_notified(message)
    assert message
    eventually(lambda: bool(world.outbound(message.sender_id)), "a reply is written")
    return message, session_of(world, message)


def session_of(world: World, message: Message) -> str:
    session_id: str = world.inbound(message.sender_id)[0]["session_id"]
    return session_id


def lay_down(world: World, messages: Iterable[Message], reason: str = REASON) -> None:
    """Put bodies among the dead letters; each has a group of its own, so that all are seen."""
    entries = [
        {
            "MessageBody": message.body,
            "MessageGroupId": message.message_id,
            "MessageDeduplicationId": message.message_id,
            "MessageAttributes": {"Reason": {"DataType": "String", "StringValue": reason}},
        }
        for message in messages
    ]
    url = world.resources.dead_letter_queue
    for sent in send_batches(world.stack.aws.sqs, url, entries):
        assert not sent.refused
