"""The NotificationStore: of several claimers of one notification one wins."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from consumer.conversation.ports import SenderWrite
from consumer.notification.state import NOBODY
from consumer.webhook.message import ChatKey
from tests.contract.builders import EXPIRES_AT, NOW, claim, message, new_id, notification, session
from tests.contract.harness import Harness

LATER = NOW + 1


def test_of_a_stranger_nothing_is_known(harness: Harness) -> None:
    sender, chat, unknown = new_id("sender"), ChatKey(new_id("sender"), "SM1"), new_id("session")
    reads = harness.notifications.read([unknown], [sender], [chat])
    assert (reads.sessions, reads.notifications) == ({unknown: None}, {sender: None})
    assert (reads.texts, reads.problems) == ({chat: None}, [])


def test_sessions_and_texts_are_read(harness: Harness) -> None:
    sender = new_id("sender")
    opened, chat, empty = session(sender), message(sender, "hi 🙂"), message(sender, "")
    harness.conversations.write([SenderWrite(opened, True, [chat, empty])], NOW)
    reads = harness.notifications.read([opened.session_id], [], [chat.key, empty.key])
    assert reads.sessions == {opened.session_id: opened}
    assert reads.texts == {chat.key: "hi 🙂", empty.key: ""}


def test_the_first_claim_wins_and_stands_in_the_row(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    claimed = harness.notifications.claim([claim(notified, "one")])
    assert (claimed.won, claimed.lost) == ({notified.sender_id}, set())
    row = harness.notifications.read([], [notified.sender_id], []).notifications[notified.sender_id]
    assert row is not None
    assert (row.claimed, row.claimed_by, row.notified_through) == (NOW, "one", None)
    assert (row.message_id, row.expires_at) == (notified.message_id, EXPIRES_AT)


def test_a_second_claim_on_the_same_notification_loses(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    claimed = harness.notifications.claim([claim(notified, "two")])
    assert (claimed.won, claimed.lost) == (set(), {notified.sender_id})


def test_the_same_token_wins_again(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    assert harness.notifications.claim([claim(notified, "one")]).won == {notified.sender_id}


def test_a_scheduled_copy_takes_over_the_claim_that_it_names_once(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    copy = replace(notified, attempt=2, after=("zero", "one"))
    assert harness.notifications.claim([claim(copy, "two")]).won == {notified.sender_id}
    assert harness.notifications.claim([claim(copy, "three")]).lost == {notified.sender_id}


def test_a_higher_attempt_alone_takes_over_nothing(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    copy = replace(notified, attempt=9)
    assert harness.notifications.claim([claim(copy, "two")]).lost == {notified.sender_id}


def test_only_a_newer_notification_is_claimed_over_another(
    harness: Harness,
) -> None:
    old = notification(new_id("sender"))
    new = replace(old, stored_at=LATER)
    harness.notifications.claim([claim(old, "one")])
    assert harness.notifications.claim([claim(new, "two")]).won == {old.sender_id}
    assert harness.notifications.claim([claim(old, "one")]).lost == {old.sender_id}


def test_what_is_settled_can_not_be_claimed(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    assert harness.notifications.settle({notified.sender_id: NOW}) == {notified.sender_id}
    assert harness.notifications.claim([claim(notified, "one")]).lost == {notified.sender_id}
    newer = replace(notified, stored_at=LATER)
    assert harness.notifications.claim([claim(newer, "two")]).won == {notified.sender_id}


def test_a_claim_given_back_is_anybodys(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    assert harness.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    row = harness.notifications.read([], [notified.sender_id], []).notifications[notified.sender_id]
    assert row is not None
    assert row.claimed_by == NOBODY
    assert harness.notifications.claim([claim(notified, "two")]).won == {notified.sender_id}


def test_a_claim_that_was_taken_over_cannot_be_released(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    harness.notifications.claim([claim(notified, "one")])
    harness.notifications.claim([claim(replace(notified, after=("one",)), "two")])
    assert harness.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    assert harness.notifications.claim([claim(notified, "three")]).lost == {notified.sender_id}


def test_giving_back_what_was_never_claimed_changes_nothing(harness: Harness) -> None:
    notified = notification(new_id("sender"))
    assert harness.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    reads = harness.notifications.read([], [notified.sender_id], [])
    assert reads.notifications == {notified.sender_id: None}


def test_settling_never_moves_back(harness: Harness) -> None:
    sender = new_id("sender")
    for moment in (LATER, NOW, LATER):
        assert harness.notifications.settle({sender: moment}) == {sender}
    row = harness.notifications.read([], [sender], []).notifications[sender]
    assert row is not None
    assert (row.notified_through, row.claimed) == (LATER, None)


def test_moments_of_many_digits_stay_distinct(harness: Harness) -> None:
    notified = notification(new_id("sender"), Decimal("1790000000.000001"))
    harness.notifications.settle({notified.sender_id: notified.stored_at})
    next_one = replace(notified, stored_at=Decimal("1790000000.000002"))
    assert harness.notifications.claim([claim(notified, "one")]).lost == {notified.sender_id}
    assert harness.notifications.claim([claim(next_one, "one")]).won == {notified.sender_id}


def test_of_many_claims_only_those_that_lose_lose(harness: Harness) -> None:
    many = [notification(new_id("sender")) for _ in range(120)]
    taken = many[::7]
    harness.notifications.claim([claim(each, "before") for each in taken])
    claimed = harness.notifications.claim([claim(each, "now") for each in many])
    assert claimed.lost == {each.sender_id for each in taken}
    assert claimed.won == {each.sender_id for each in many} - claimed.lost
    assert claimed.problems == []


def test_many_are_settled_and_given_back_at_once(harness: Harness) -> None:
    many = [notification(new_id("sender")) for _ in range(120)]
    senders = {each.sender_id for each in many}
    harness.notifications.claim([claim(each, "one") for each in many])
    assert harness.notifications.release([claim(each, "one") for each in many]) == senders
    assert harness.notifications.settle(dict.fromkeys(senders, NOW)) == senders
    reads = harness.notifications.read([], sorted(senders), [])
    assert {row and row.notified_through for row in reads.notifications.values()} == {NOW}


def test_nothing_to_do_is_done(harness: Harness) -> None:
    assert harness.notifications.claim([]).won == set()
    assert harness.notifications.settle({}) == set()
    assert harness.notifications.release([]) == set()
