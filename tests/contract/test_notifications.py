"""The NotificationStore: of several claimers of the same news one wins."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from consumer.conversation.ports import SenderWrite
from consumer.notification.state import NOBODY
from consumer.webhook.message import ChatKey
from tests.contract.bench import Bench
from tests.contract.builders import EXPIRES_AT, NOW, claim, message, new_id, notification, session

LATER = NOW + 1


def test_of_a_stranger_nothing_is_known(bench: Bench) -> None:
    sender, chat, unknown = new_id("sender"), ChatKey(new_id("sender"), "SM1"), new_id("session")
    audience = bench.notifications.read([unknown], [sender], [chat])
    assert (audience.sessions, audience.notifications) == ({unknown: None}, {sender: None})
    assert (audience.texts, audience.problems) == ({chat: None}, [])


def test_sessions_and_texts_are_read(bench: Bench) -> None:
    sender = new_id("sender")
    opened, chat, empty = session(sender), message(sender, "hi 🙂"), message(sender, "")
    bench.conversations.write([SenderWrite(opened, True, [chat, empty])], NOW)
    audience = bench.notifications.read([opened.session_id], [], [chat.key, empty.key])
    assert audience.sessions == {opened.session_id: opened}
    assert audience.texts == {chat.key: "hi 🙂", empty.key: ""}


def test_the_first_claim_wins_and_stands_in_the_row(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    claimed = bench.notifications.claim([claim(notified, "one")])
    assert (claimed.won, claimed.lost) == ({notified.sender_id}, set())
    row = bench.notifications.read([], [notified.sender_id], []).notifications[notified.sender_id]
    assert row is not None
    assert (row.claimed, row.claimed_by, row.notified_through) == (NOW, "one", None)
    assert (row.message_id, row.expires_at) == (notified.message_id, EXPIRES_AT)


def test_a_second_claim_on_the_same_news_loses(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    claimed = bench.notifications.claim([claim(notified, "two")])
    assert (claimed.won, claimed.lost) == (set(), {notified.sender_id})


def test_the_same_token_wins_again(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    assert bench.notifications.claim([claim(notified, "one")]).won == {notified.sender_id}


def test_a_parked_copy_takes_over_the_claim_that_it_names_once(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    copy = replace(notified, attempt=2, after=("zero", "one"))
    assert bench.notifications.claim([claim(copy, "two")]).won == {notified.sender_id}
    assert bench.notifications.claim([claim(copy, "three")]).lost == {notified.sender_id}


def test_a_higher_attempt_alone_takes_over_nothing(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    copy = replace(notified, attempt=9)
    assert bench.notifications.claim([claim(copy, "two")]).lost == {notified.sender_id}


def test_newer_news_is_claimed_over_older_and_not_the_other_way(bench: Bench) -> None:
    old = notification(new_id("sender"))
    new = replace(old, stored_at=LATER)
    bench.notifications.claim([claim(old, "one")])
    assert bench.notifications.claim([claim(new, "two")]).won == {old.sender_id}
    assert bench.notifications.claim([claim(old, "one")]).lost == {old.sender_id}


def test_what_is_settled_can_not_be_claimed(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    assert bench.notifications.settle({notified.sender_id: NOW}) == {notified.sender_id}
    assert bench.notifications.claim([claim(notified, "one")]).lost == {notified.sender_id}
    newer = replace(notified, stored_at=LATER)
    assert bench.notifications.claim([claim(newer, "two")]).won == {notified.sender_id}


def test_a_claim_given_back_is_anybodys(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    assert bench.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    row = bench.notifications.read([], [notified.sender_id], []).notifications[notified.sender_id]
    assert row is not None
    assert row.claimed_by == NOBODY
    assert bench.notifications.claim([claim(notified, "two")]).won == {notified.sender_id}


def test_a_claim_that_was_taken_over_can_not_be_given_back(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    bench.notifications.claim([claim(notified, "one")])
    bench.notifications.claim([claim(replace(notified, after=("one",)), "two")])
    assert bench.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    assert bench.notifications.claim([claim(notified, "three")]).lost == {notified.sender_id}


def test_giving_back_what_was_never_claimed_changes_nothing(bench: Bench) -> None:
    notified = notification(new_id("sender"))
    assert bench.notifications.release([claim(notified, "one")]) == {notified.sender_id}
    audience = bench.notifications.read([], [notified.sender_id], [])
    assert audience.notifications == {notified.sender_id: None}


def test_settling_never_moves_back(bench: Bench) -> None:
    sender = new_id("sender")
    for moment in (LATER, NOW, LATER):
        assert bench.notifications.settle({sender: moment}) == {sender}
    row = bench.notifications.read([], [sender], []).notifications[sender]
    assert row is not None
    assert (row.notified_through, row.claimed) == (LATER, None)


def test_moments_of_many_digits_are_told_apart(bench: Bench) -> None:
    notified = notification(new_id("sender"), Decimal("1790000000.000001"))
    bench.notifications.settle({notified.sender_id: notified.stored_at})
    next_one = replace(notified, stored_at=Decimal("1790000000.000002"))
    assert bench.notifications.claim([claim(notified, "one")]).lost == {notified.sender_id}
    assert bench.notifications.claim([claim(next_one, "one")]).won == {notified.sender_id}


def test_of_many_claims_only_those_that_lose_lose(bench: Bench) -> None:
    many = [notification(new_id("sender")) for _ in range(120)]
    taken = many[::7]
    bench.notifications.claim([claim(each, "before") for each in taken])
    claimed = bench.notifications.claim([claim(each, "now") for each in many])
    assert claimed.lost == {each.sender_id for each in taken}
    assert claimed.won == {each.sender_id for each in many} - claimed.lost
    assert claimed.problems == []


def test_many_are_settled_and_given_back_at_once(bench: Bench) -> None:
    many = [notification(new_id("sender")) for _ in range(120)]
    senders = {each.sender_id for each in many}
    bench.notifications.claim([claim(each, "one") for each in many])
    assert bench.notifications.release([claim(each, "one") for each in many]) == senders
    assert bench.notifications.settle(dict.fromkeys(senders, NOW)) == senders
    audience = bench.notifications.read([], sorted(senders), [])
    assert {row and row.notified_through for row in audience.notifications.values()} == {NOW}


def test_nothing_to_do_is_done(bench: Bench) -> None:
    assert bench.notifications.claim([]).won == set()
    assert bench.notifications.settle({}) == set()
    assert bench.notifications.release([]) == set()
