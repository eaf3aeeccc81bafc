"""The ReplyService: what an answer, or none, says about whether a person was answered."""

from __future__ import annotations

import pytest

from consumer.conversation.ports import SenderWrite
from consumer.notification.step import Outcome
from tests.contract.builders import NOW, message, new_id, notification, session
from tests.contract.harness import Harness

SECONDS_TO_START = 120.0


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
    outcomes: dict[str, Outcome] = {}
    for some in harness.reply_service(behaviour).post(notified, SECONDS_TO_START):
        assert not outcomes.keys() & some.keys()
        outcomes |= {sender: end.outcome for sender, end in some.items()}
    assert outcomes == dict.fromkeys(senders, outcome)


def test_nothing_is_sent_once_the_time_to_start_is_over(harness: Harness) -> None:
    notified = [notification(new_id("sender"), text="hi") for _ in range(2)]
    outcomes: dict[str, Outcome] = {}
    for some in harness.reply_service("200").post(notified, -1.0):
        outcomes |= {sender: end.outcome for sender, end in some.items()}
    assert outcomes == {each.sender_id: Outcome.NOT_SENT for each in notified}
