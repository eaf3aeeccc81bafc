"""The ConversationStore: lookups, and writes that are all or nothing and change no row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from consumer.conversation.chat import chat_item
from consumer.conversation.ports import SenderWrite, SessionKeyAnswer
from consumer.conversation.session import is_limited
from consumer.webhook.message import ChatKey
from tests.contract.builders import ERASED_TEXT, NOW, message, messages, new_id, session
from tests.contract.harness import Harness

TOO_LARGE = "x" * 500_000


def test_of_a_stranger_nothing_is_known(harness: Harness) -> None:
    sender, chat, unknown = new_id("sender"), message(new_id("sender")), new_id("session")
    known = harness.conversations.read([sender], [chat.key], [unknown])
    assert (known.newest, known.stored) == ({sender: None}, {chat.key: False})
    assert (known.sessions, known.problems) == ({unknown: None}, [])


def test_asking_for_nothing_is_answered(harness: Harness) -> None:
    assert harness.conversations.read([], [], []).problems == []


def test_a_session_opens_together_with_its_messages(harness: Harness) -> None:
    sender = new_id("sender")
    opened, chats = session(sender), messages(sender, 2)
    written = harness.conversations.write([SenderWrite(opened, True, chats)], NOW)
    assert written.opened == {opened.session_id}
    assert written.stored == {each.key for each in chats}
    known = harness.conversations.read([sender], written.stored, [opened.session_id])
    assert known.newest == {sender: opened}
    assert known.sessions == {opened.session_id: opened}
    assert known.stored == dict.fromkeys(written.stored, True)


def test_a_session_opens_without_messages_too(harness: Harness) -> None:
    opened = session(new_id("sender"))
    written = harness.conversations.write([SenderWrite(opened, True, [])], NOW)
    assert (written.opened, written.stored) == ({opened.session_id}, set())


def test_messages_go_into_a_session_that_is_there(harness: Harness) -> None:
    sender = new_id("sender")
    there, chat = session(sender), message(sender)
    written = harness.conversations.write([SenderWrite(there, False, [chat])], NOW)
    assert (written.opened, written.stored) == (set(), {chat.key})


def test_a_chat_is_stored_as_the_reply_service_reads_it(harness: Harness) -> None:
    sender = new_id("sender")
    there, chat = session(sender), message(sender)
    harness.conversations.write([SenderWrite(there, False, [chat])], NOW)
    assert harness.chat(chat.key) == chat_item(chat, there.session_id, NOW)


@pytest.mark.parametrize(
    "created_at",
    [
        Decimal("1790000000.12318870000000000000256"),
        Decimal("9999999999.9999999999999999999999999999"),
        Decimal("0.00000000000000000000001"),
        Decimal("1790000000"),
    ],
)
def test_a_place_of_many_digits_stays_exact(harness: Harness, created_at: Decimal) -> None:
    sender = new_id("sender")
    chat = message(sender, created_at=created_at)
    harness.conversations.write([SenderWrite(session(sender), False, [chat])], NOW)
    row = harness.chat(chat.key)
    assert row is not None
    assert row["created_at"] == created_at


def test_a_chat_that_is_stored_stays_as_it_was(harness: Harness) -> None:
    sender = new_id("sender")
    first, second, chat = session(sender), session(sender), message(sender)
    harness.conversations.write([SenderWrite(first, False, [chat])], NOW)
    written = harness.conversations.write([SenderWrite(second, False, [chat])], NOW + 1)
    assert (written.stored, written.present) == (set(), {chat.key})
    assert harness.chat(chat.key) == chat_item(chat, first.session_id, NOW)


def test_what_is_present_keeps_the_rest_of_its_unit_out(harness: Harness) -> None:
    sender = new_id("sender")
    there, old, new = session(sender), message(sender), message(sender)
    harness.conversations.write([SenderWrite(there, False, [old])], NOW)
    written = harness.conversations.write([SenderWrite(there, False, [old, new])], NOW)
    assert (written.stored, written.present) == (set(), {old.key})
    assert harness.chat(new.key) is None


def test_one_senders_trouble_keeps_the_others_of_the_same_write_out(harness: Harness) -> None:
    sender, other = new_id("sender"), new_id("sender")
    old, new = message(sender), message(other)
    harness.conversations.write([SenderWrite(session(sender), False, [old])], NOW)
    opened = session(other)
    units = [SenderWrite(session(sender), False, [old]), SenderWrite(opened, True, [new])]
    written = harness.conversations.write(units, NOW)
    assert (written.stored, written.opened) == (set(), set())
    assert (written.present, written.existing) == ({old.key}, {})
    known = harness.conversations.read([other], [new.key], [opened.session_id])
    assert (known.newest[other], known.stored[new.key]) == (None, False)


def test_a_session_that_exists_is_given_as_it_is(harness: Harness) -> None:
    sender = new_id("sender")
    wanted, chat = session(sender, created_at=200), message(sender)
    harness.put_session(wanted.session_id, sender, status="completed", created_at=100)
    written = harness.conversations.write([SenderWrite(wanted, True, [chat])], NOW)
    there = written.existing[wanted.session_id]
    assert (there.status, there.created_at) == ("completed", Decimal(100))
    assert (written.opened, written.stored) == (set(), set())
    assert harness.chat(chat.key) is None


def test_a_repeated_creation_alone_is_given_the_session_too(harness: Harness) -> None:
    opened = session(new_id("sender"))
    harness.conversations.write([SenderWrite(opened, True, [])], NOW)
    again = harness.conversations.write([SenderWrite(opened, True, [])], NOW)
    assert (again.existing, again.opened) == ({opened.session_id: opened}, set())


def test_the_newest_session_is_the_newest_whatever_its_status(harness: Harness) -> None:
    sender = new_id("sender")
    harness.put_session(new_id("old"), sender, status="active", created_at=100)
    newest = new_id("new")
    harness.put_session(newest, sender, status="completed", created_at=200)
    known = harness.conversations.read([sender], [], [])
    found = known.newest[sender]
    assert found is not None
    assert (found.session_id, found.is_active) == (newest, False)


def test_a_session_without_a_status_is_not_active(harness: Harness) -> None:
    sender, odd = new_id("sender"), new_id("odd")
    harness.put_session(odd, sender, created_at=100)
    known = harness.conversations.read([sender], [], [odd])
    assert known.newest[sender] == known.sessions[odd]
    found = known.sessions[odd]
    assert found is not None
    assert not found.is_active


@pytest.mark.parametrize(
    "until", ["2100-01-01T00:00:00", "2100-01-01T00:00:00+02:00", "2100-01-01T00:00:00Z", "soon"]
)
def test_a_limit_is_given_as_it_is_written(harness: Harness, until: str) -> None:
    sender, limited = new_id("sender"), new_id("limited")
    harness.put_session(limited, sender, status="active", created_at=100, user_limited_until=until)
    found = harness.conversations.read([], [], [limited]).sessions[limited]
    assert found is not None
    assert found.user_limited_until == until
    if until != "soon":
        assert is_limited(found, 1_790_000_000.0)


def test_more_than_a_hundred_keys_are_read(harness: Harness) -> None:
    sender = new_id("sender")
    chats = messages(sender, 130)
    harness.conversations.write([SenderWrite(session(sender), False, chats[:1])], NOW)
    known = harness.conversations.read([], [each.key for each in chats], [])
    assert [known.stored[each.key] for each in chats] == [True] + [False] * 129


def test_a_unit_larger_than_a_transaction_is_stored_whole(harness: Harness) -> None:
    sender = new_id("sender")
    opened, chats = session(sender), messages(sender, 210)
    written = harness.conversations.write([SenderWrite(opened, True, chats)], NOW)
    assert written.opened == {opened.session_id}
    assert written.stored == {each.key for each in chats}
    assert harness.chat(chats[-1].key) is not None


def test_what_takes_several_transactions_is_stored_at_several_moments(harness: Harness) -> None:
    sender = new_id("sender")
    chats = messages(sender, 210)
    harness.conversations.write([SenderWrite(session(sender), True, chats)], NOW)
    rows = [row for each in chats if (row := harness.chat(each.key))]
    moments = [row["stored_at"] for row in rows]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3
    assert moments[0] == NOW


def test_behind_a_part_that_failed_nothing_of_the_unit_is_stored(harness: Harness) -> None:
    sender = new_id("sender")
    there, chats = session(sender), messages(sender, 210)
    harness.conversations.write([SenderWrite(there, False, chats[:1])], NOW)
    written = harness.conversations.write([SenderWrite(there, False, chats)], NOW)
    assert written.present == {chats[0].key}
    assert written.stored == set()
    assert harness.chat(chats[-1].key) is None


def test_units_beyond_a_transaction_do_not_hold_each_other_up(harness: Harness) -> None:
    senders = [new_id("sender") for _ in range(3)]
    units = [SenderWrite(session(each), True, messages(each, 60)) for each in senders]
    harness.conversations.write([SenderWrite(units[0].session, False, units[0].messages[:1])], NOW)
    written = harness.conversations.write(units, NOW)
    assert written.opened >= {units[1].session.session_id, units[2].session.session_id}
    assert len(written.stored) == 120


def test_what_no_table_takes_is_refused_when_it_stands_alone(harness: Harness) -> None:
    sender = new_id("sender")
    there, large = session(sender), message(sender, TOO_LARGE)
    written = harness.conversations.write([SenderWrite(there, False, [large])], NOW)
    assert set(written.refused) == {there.session_id}
    assert harness.chat(large.key) is None


def test_what_no_table_takes_keeps_others_out_but_refuses_none_of_them(harness: Harness) -> None:
    sender, other = new_id("sender"), new_id("sender")
    large, good = message(sender, TOO_LARGE), message(other)
    units = [
        SenderWrite(session(sender), False, [large]),
        SenderWrite(session(other), False, [good]),
    ]
    written = harness.conversations.write(units, NOW)
    assert units[1].session.session_id not in written.refused
    assert written.stored == set()
    assert harness.chat(good.key) is None


def test_keys_of_any_text_stay_distinct(harness: Harness) -> None:
    sender = new_id("sénder 🙂")
    chat = message(sender)
    harness.conversations.write([SenderWrite(session(sender), False, [chat])], NOW)
    other = ChatKey(sender, chat.message_id + " ")
    known = harness.conversations.read([], [chat.key, other], [])
    assert known.stored == {chat.key: True, other: False}


# An erased session


def test_an_erased_session_is_read_as_if_it_were_not_there(harness: Harness) -> None:
    opened = session(new_id("sender"))
    harness.conversations.write([SenderWrite(opened, True, [])], NOW)
    harness.erase_session(opened.session_id)
    known = harness.conversations.read([], [], [opened.session_id])
    assert known.sessions == {opened.session_id: None}


def test_whoever_runs_into_an_erased_session_learns_what_its_erasure_left(harness: Harness) -> None:
    sender = new_id("sender")
    opened, chat = session(sender), message(sender)
    harness.erase_session(opened.session_id)
    for write in (SenderWrite(opened, True, [chat]), SenderWrite(opened, True, [])):
        written = harness.conversations.write([write], NOW)
        existing = written.existing[opened.session_id]
        assert (existing.erased, existing.is_active, existing.sender_id) == (ERASED_TEXT, False, "")
        assert (written.opened, written.stored) == (set(), set())


# The session key


def test_the_first_session_key_stays_for_everybody(harness: Harness) -> None:
    assert harness.session_key.read() == SessionKeyAnswer(is_absent=True)
    assert harness.session_key.create("a" * 64) == SessionKeyAnswer("a" * 64)
    late = harness.session_key.create("b" * 64)
    assert (late.key, late.is_rejected, late.problem != "") == ("", False, True)
    assert harness.session_key.read() == SessionKeyAnswer("a" * 64)
