"""The queues that are sent to: what arrives, with which attributes, and when."""

from __future__ import annotations

import pytest

from consumer.notification.notification import RejectedNotification
from consumer.notification.retry_record import read_retry_record, retry_body
from tests.contract.builders import new_id, notification, rejected
from tests.contract.harness import Harness, QueuedMessage

NOW = 1_790_000_000.0


@pytest.fixture(autouse=True)
def empty_queues(harness: Harness) -> None:
    harness.quarantined()
    harness.dead_lettered()


def test_a_quarantined_message_keeps_its_reason_and_its_first_place(harness: Harness) -> None:
    bad = rejected("no form")
    assert harness.dead_letters.quarantine([bad]) == {bad.record.id}
    attributes = {
        "Reason": "no fields",
        "OriginalMessageId": bad.record.original_id,
        "OriginalSentTimestamp": "1790000000123",
        "OriginalSequenceNumber": "18870000000000000256",
        "OriginalMessageGroupId": "group-1",
        "ReceiveCount": "3",
    }
    assert harness.quarantined() == [QueuedMessage("no form", "group-1", attributes)]


@pytest.mark.parametrize("body", ["", None, 7])
def test_a_body_that_no_queue_takes_is_replaced(harness: Harness, body: object) -> None:
    bad = rejected(body)
    assert harness.dead_letters.quarantine([bad]) == {bad.record.id}
    assert [each.body for each in harness.quarantined()] == ["(none)"]


def test_without_a_group_it_goes_to_one_of_its_own(harness: Harness) -> None:
    harness.dead_letters.quarantine([rejected("x", group_id="")])
    [letter] = harness.quarantined()
    assert letter.group == "quarantine"
    assert "OriginalMessageGroupId" not in letter.attributes


def test_the_same_record_arrives_once(harness: Harness) -> None:
    bad = rejected("x")
    for _ in range(2):
        assert harness.dead_letters.quarantine([bad]) == {bad.record.id}
    assert len(harness.quarantined()) == 1


def test_more_than_ten_arrive_in_order(harness: Harness) -> None:
    bad = [rejected(f"body {n}") for n in range(25)]
    assert harness.dead_letters.quarantine(bad) == {each.record.id for each in bad}
    assert [each.body for each in harness.quarantined()] == [f"body {n}" for n in range(25)]


def test_a_scheduled_notification_is_delayed_until_its_moment(harness: Harness) -> None:
    notified = notification(new_id("sender"), wake_at=NOW + 600.5)
    assert harness.retry_queue.schedule([notified], NOW) == {notified.sender_id}
    assert harness.waiting() == 1
    harness.forget_scheduled()


def test_a_moment_beyond_what_a_queue_delays_is_delayed_for_as_long_as_it_does(
    harness: Harness,
) -> None:
    """Whoever handles it too early sends its successor."""
    notified = notification(new_id("sender"), wake_at=NOW + 100_000)
    assert harness.retry_queue.schedule([notified], NOW) == {notified.sender_id}
    assert harness.waiting() == 1
    harness.forget_scheduled()


@pytest.mark.parametrize("wake_at", [None, NOW - 100, NOW])
def test_a_moment_that_has_come_delays_nothing(harness: Harness, wake_at: float | None) -> None:
    notified = notification(new_id("sender"), wake_at=wake_at)
    assert harness.retry_queue.schedule([notified], NOW) == {notified.sender_id}
    assert harness.waiting() == 0
    [scheduled] = harness.scheduled()
    assert scheduled.body == retry_body(notified)


def test_a_scheduled_notification_holds_no_text(harness: Harness) -> None:
    notified = notification(new_id("sender"), attempt=2, text="a secret", wake_at=NOW + 1)
    assert harness.retry_queue.schedule([notified], NOW) == {notified.sender_id}
    [scheduled] = harness.scheduled()
    assert scheduled.body == retry_body(notified)
    assert "a secret" not in scheduled.body


def test_a_scheduled_notification_comes_back_with_its_moment(harness: Harness) -> None:
    notified = notification(
        new_id("sender"), attempt=2, text=None, text_id=new_id("SM"), wake_at=NOW + 0.25
    )
    harness.retry_queue.schedule([notified], NOW)
    [scheduled] = harness.scheduled()
    assert read_retry_record({"body": scheduled.body}) == notified


def test_notifications_of_many_senders_are_scheduled_at_once(harness: Harness) -> None:
    many = [notification(new_id("sender"), wake_at=NOW + 1) for _ in range(23)]
    assert harness.retry_queue.schedule(many, NOW) == {each.sender_id for each in many}
    assert {each.body for each in harness.scheduled()} == {retry_body(each) for each in many}


def test_what_is_given_up_arrives_with_its_reason(harness: Harness) -> None:
    many = [RejectedNotification(new_id("sender"), f'{{"n":{n}}}', "rejected") for n in range(12)]
    assert harness.retry_queue.dead_letter(many) == {each.id for each in many}
    letters = harness.dead_lettered()
    assert {each.body for each in letters} == {each.body for each in many}
    assert all(each.attributes == {"Reason": "rejected"} for each in letters)


def test_without_a_body_an_empty_object_is_sent(harness: Harness) -> None:
    harness.retry_queue.dead_letter([RejectedNotification(new_id("sender"), "", "unreadable")])
    assert [each.body for each in harness.dead_lettered()] == ["{}"]


def test_nothing_to_send_is_sent(harness: Harness) -> None:
    assert harness.dead_letters.quarantine([]) == set()
    assert harness.retry_queue.schedule([], NOW) == set()
    assert harness.retry_queue.dead_letter([]) == set()
