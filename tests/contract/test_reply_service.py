"""The ReplyService: what an answer, or none, says about whether a person was answered."""

from __future__ import annotations

import pytest

from consumer.conversation.ports import SenderWrite
from consumer.notification.ports import Outcome
from tests.contract.builders import NOW, message, new_id, notification, session
from tests.contract.harness import Harness


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("200", Outcome.ACCEPTED),
        ("401", Outcome.UNAUTHORIZED),
        ("422", Outcome.REJECTED),
        ("429", Outcome.CANNOT_DELIVER_NOW),
        ("500", Outcome.CANNOT_DELIVER_NOW),
        ("503", Outcome.CANNOT_DELIVER_NOW),
        ("504", Outcome.UNKNOWN),
        ("drops", Outcome.UNKNOWN),
        ("absent", Outcome.CANNOT_DELIVER_NOW),
    ],
)
def test_every_sender_has_an_outcome(harness: Harness, behaviour: str, outcome: Outcome) -> None:
    senders = [new_id("sender") for _ in range(3)]
    for each in senders:
        harness.conversations.write([SenderWrite(session(each), True, [message(each)])], NOW)
    notified = [notification(each, text="hi") for each in senders]
    assert harness.reply_service(behaviour).post(notified) == dict.fromkeys(senders, outcome)
