"""What a purge says that it would delete, before it is confirmed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unc.commands.dlq import unconfirmed
from unc.dlq.queues import DeadLetterQueue
from unc.errors import BadInput

QUEUES = [DeadLetterQueue(name, "", name, "") for name in ("messages", "replies")]


class FakeSqs:
    """Queues whose dead letters show once; nothing can be deleted."""

    def __init__(self, **dead_letters: list[str]) -> None:
        self.dead_letters = dead_letters
        self.released: list[str] = []

    def receive_message(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        ids, self.dead_letters[QueueUrl] = self.dead_letters[QueueUrl], []
        return {"Messages": [{"MessageId": id, "ReceiptHandle": id, "Body": "{}"} for id in ids]}

    def change_message_visibility_batch(self, Entries: list[Any], **_: Any) -> None:  # noqa: N803
        self.released += [entry["ReceiptHandle"] for entry in Entries]


def would(sqs: FakeSqs, *ids: str) -> str:
    return str(unconfirmed(SimpleNamespace(sqs=sqs), QUEUES, ids))  # type: ignore[arg-type]


def test_the_letters_named_are_counted_and_given_back() -> None:
    sqs = FakeSqs(messages=["one", "two"], replies=["three"])
    assert would(sqs, "on", "three") == "this would delete 2 dead letter(s)"
    assert sorted(sqs.released) == ["one", "three", "two"]


def test_a_letter_that_is_not_there_is_named() -> None:
    sqs = FakeSqs(messages=["one"], replies=[])
    with pytest.raises(BadInput, match="no dead letter to be seen begins with nope"):
        would(sqs, "one", "nope")
    assert sqs.released == ["one"]
