"""What goes into the queue's entries, and which options make no sense."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unc.errors import BadInput, UncError
from unc.messages.message import Message, read_message, write_message
from unc.messages.send import (
    ONE_GROUP,
    group_of,
    make_entry,
    neighbour,
    send_messages,
    write_messages,
)


def test_messages_are_dealt_out_to_senders_in_turn() -> None:
    messages = write_messages("whatsapp:+4915555550199", "hello", count=5, senders=2)
    senders = [message.sender_id for message in messages]
    assert senders == ["4915555550199", "4915555550200"] * 2 + ["4915555550199"]
    assert [message.label for message in messages][:2] == ["hello 1/5", "hello 2/5"]


def test_a_number_is_taken_as_people_write_it() -> None:
    [message] = write_messages("whatsapp:+49 155 5555-0199", "hello", 1, 1)
    assert message.sender_id == "4915555550199"


def test_one_message_keeps_its_text() -> None:
    assert write_messages("+15555550106", "hello", 1, 1)[0].label == "hello"


@pytest.mark.parametrize(
    ("address", "offset", "expected"),
    [
        ("+4999", 1, "+5000"),
        ("+99", 1, "+00"),
        ("messenger:abc", 0, "messenger:abc"),
        ("messenger:abc", 2, "messenger:abc2"),
        ("whatsapp:US.A1", 3, "whatsapp:US.A4"),
    ],
)
def test_neighbours_keep_the_shape_of_an_address(address: str, offset: int, expected: str) -> None:
    assert neighbour(address, offset) == expected


@pytest.mark.parametrize(
    ("address", "count", "senders", "reason"),
    [
        ("", 1, 1, "--from"),
        ("whatsapp:", 1, 1, "--from"),
        ("+1555", 0, 1, "start at 1"),
        ("+1555", 1, 0, "start at 1"),
        ("+1555", 100_001, 1, "goes up to 100,000"),
        ("+1555", 2, 3, "at least 3 messages"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    address: str, count: int, senders: int, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        write_messages(address, "hi", count, senders)


def test_a_group_a_sender_or_one_for_all() -> None:
    message = write_message("whatsapp:+4915555550199", "hi")
    assert make_entry(message, one_group=False)["MessageGroupId"] == "4915555550199"
    assert make_entry(message, one_group=True)["MessageGroupId"] == ONE_GROUP


@pytest.mark.parametrize("sender", ["x" * 140, "name with blanks", "Zoë"])
def test_a_group_id_is_one_that_the_queue_takes(sender: str) -> None:
    group = group_of(read_message(f"WaId={sender}"))
    assert len(group) <= 128
    assert group.isascii()
    assert " " not in group


def test_the_same_body_twice_is_two_messages_for_the_queue() -> None:
    message = write_message("+15555550106", "hi")
    ids = {make_entry(message, one_group=False)["MessageDeduplicationId"] for _ in range(2)}
    assert len(ids) == 2


class FakeQueue:
    """Takes what it is given, and names the last of a call first."""

    def __init__(self) -> None:
        self.refuses = False

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            return {"Successful": [], "Failed": [{"Id": "0", "Code": "No", "Message": "why"}]}
        named = [{"Id": one["Id"], "MessageId": f"sqs-{one['MessageBody']}"} for one in Entries]
        return {"Successful": named[::-1]}


def send(queue: FakeQueue, *messages: Message) -> list[Message]:
    return send_messages(SimpleNamespace(sqs=queue), "url", messages)  # type: ignore[arg-type]


def test_a_message_without_an_id_gets_the_queue_s() -> None:
    bodies = [f"WaId=49&Body={n}" for n in range(12)]
    sent = send(FakeQueue(), *map(read_message, bodies))
    assert [(one.body, one.message_id) for one in sent] == [(b, f"sqs-{b}") for b in bodies]


def test_a_message_with_an_id_keeps_it() -> None:
    message = write_message("+15555550106", "hi")
    assert send(FakeQueue(), message) == [message]


def test_what_the_queue_refuses_is_said() -> None:
    queue = FakeQueue()
    queue.refuses = True
    with pytest.raises(UncError, match="refused 1 of 1 messages: why"):
        send(queue, write_message("+15555550106", "hi"))
