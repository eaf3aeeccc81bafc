"""The intake as the template makes it: its address, its answers, and order under load."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from collections import defaultdict

import pytest

from tests.e2e.world import World, eventually, new_sender
from unc.aws.resources import STACK
from unc.deploy.concurrency import LEAST_FOR_INTAKE, room_for_intake
from unc.errors import NotReachable
from unc.messages.message import Message, write_message
from unc.messages.send import neighbour
from unc.messages.webhook import Answer, Intake, find_intake, post_messages

MESSAGES, SENDERS = 1000, 50


@pytest.fixture
def intake(world: World) -> Intake:
    return find_intake(world.stack.aws, world.stack.resources)


def answer_to(intake: Intake, body: str) -> Answer:
    """What a webhook is answered; sent again, as Twilio does, where none comes in time."""
    answers: list[Answer] = []

    def is_answered() -> bool:
        with contextlib.suppress(NotReachable):
            answers.append(intake.post(body))
        return bool(answers) and answers[-1].status < 500

    eventually(is_answered, "the intake answers")
    return answers[-1]


def test_a_signed_webhook_is_answered_with_an_empty_twiml_and_stored(
    world: World, intake: Intake
) -> None:
    message = write_message(new_sender(), "hi")
    answer = answer_to(intake, message.body)
    assert answer.status == 200 and answer.text.endswith("<Response/>")
    world.await_stored(message)


def test_nobody_else_is_let_in(world: World, intake: Intake) -> None:
    message = write_message(new_sender(), "hi")
    forged = Intake(intake.signed_url, intake.address, "another token")
    assert answer_to(forged, message.body).status == 403
    request = urllib.request.Request(intake.address, message.body.encode(), method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=600)
    after = write_message(new_sender(), "hi")
    post_messages(intake, [after])
    world.await_stored(after)
    assert world.inbound(message.sender_id) == []


def test_the_other_functions_leave_it_room(world: World) -> None:
    """As the emulator has the limits: 140 of the account's invocations are for the others."""
    limits = world.stack.aws.functions.get_account_settings()["AccountLimit"]
    unreserved = limits["UnreservedConcurrentExecutions"]
    assert room_for_intake(world.stack.aws, STACK) == unreserved - 140 > LEAST_FOR_INTAKE


def test_a_webhook_that_comes_twice_is_one_chat(world: World, intake: Intake) -> None:
    message = write_message(new_sender(), "hi")
    assert [answer_to(intake, message.body).status for _ in range(3)] == [200, 200, 200]
    world.await_taken()
    assert len(world.inbound(message.sender_id)) == 1


def test_a_thousand_webhooks_from_fifty_senders_are_stored_in_order(
    world: World, intake: Intake
) -> None:
    """All are answered with 200; `post_messages` raises for anything else."""
    messages = [
        write_message(neighbour("whatsapp:+4915552220000", n % SENDERS), f"message {n}")
        for n in range(MESSAGES)
    ]
    post_messages(intake, messages)
    sent: defaultdict[str, list[str]] = defaultdict(list)
    for each in messages:
        sent[each.sender_id].append(each.message_id)
    world.await_stored(*last_of_each(messages))
    assert {sender: sids_of(world, sender) for sender in sent} == sent


def last_of_each(messages: list[Message]) -> list[Message]:
    return list({each.sender_id: each for each in messages}.values())


def sids_of(world: World, sender_id: str) -> list[str]:
    """The Sids of a sender's inbound chats, in the order of the conversation."""
    return [str(row["message_id"]) for row in world.inbound(sender_id)]
