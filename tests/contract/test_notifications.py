"""The NotificationStore: whoever writes a row has seen everything that was written before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from consumer.conversation.ports import SenderWrite
from consumer.notification.notification import Notification
from consumer.notification.ports import NotificationQuery, NotificationReads
from consumer.notification.state import NotificationState, Pending, StateChange, Turn
from consumer.webhook.message import ChatKey, InboundMessage
from tests.contract.builders import NOW, message, new_id, notification, session
from tests.contract.emulator_harness import EmulatorHarness
from tests.contract.harness import Harness

# Far ahead, in 2096: an emulator removes what has expired.
MOMENT = 4_000_000_000.25
LIMIT = "2001-01-01T00:00:00"


def keys_only(sender_id: str, **fields: Any) -> Notification:
    """A notification as a row holds it."""
    return notification(sender_id, **{"text": None} | fields)


def full_state(sender_id: str) -> NotificationState:
    """A row with everything in it."""
    claimed = keys_only(sender_id, attempt=3, text_id=new_id("SM"))
    pending = keys_only(sender_id, stored_at=NOW + 2, is_replay=True)
    return NotificationState(
        new_id("revision"),
        NOW - 1,
        Turn(claimed, new_id("token"), MOMENT, MOMENT + 47),
        Pending(pending, NOW + 1),
        MOMENT + 137,
        MOMENT - 5,
    )


def read(harness: Harness, **query: Any) -> NotificationReads:
    reads = harness.notifications.read(NotificationQuery(**query))
    assert reads.problems == []
    return reads


def state_of(harness: Harness, sender_id: str) -> NotificationState:
    return read(harness, states=[sender_id]).states[sender_id]


def save(harness: Harness, sender_id: str, before: str, **after: Any) -> StateChange:
    """Replace a row; it has to succeed."""
    change = change_of(sender_id, before, **after)
    assert harness.notifications.save([change]).saved == {sender_id}
    return change


def change_of(sender_id: str, before: str, **after: Any) -> StateChange:
    given = {"wake_at": MOMENT} | after
    return StateChange(sender_id, before, NotificationState(new_id("revision"), **given))


def store(
    harness: Harness, sender_id: str, *texts: str, stored_at: Decimal = NOW
) -> list[InboundMessage]:
    """Store messages of a sender in one session; each a second after the one before."""
    messages = [message(sender_id, text, stored_at + n) for n, text in enumerate(texts)]
    unit = SenderWrite(session(sender_id), True, messages)
    assert harness.conversations.write([unit], stored_at).stored == {m.key for m in messages}
    return messages


# Reads


def test_of_a_stranger_nothing_is_known(harness: Harness) -> None:
    sender, chat, unknown = new_id("sender"), ChatKey(new_id("sender"), "SM1"), new_id("session")
    reads = read(harness, states=[sender], sessions=[unknown], texts=[chat], newest=[sender])
    assert (reads.states, reads.sessions) == ({sender: NotificationState()}, {unknown: None})
    assert (reads.texts, reads.current_sessions) == ({chat: None}, {sender: None})
    assert list(reads.newest[sender]) == []


def test_sessions_and_texts_are_read(harness: Harness) -> None:
    sender = new_id("sender")
    opened, chat, empty = session(sender), message(sender, "hi 🙂"), message(sender, "")
    harness.conversations.write([SenderWrite(opened, True, [chat, empty])], NOW)
    reads = read(harness, sessions=[opened.session_id], texts=[chat.key, empty.key])
    assert reads.sessions == {opened.session_id: opened}
    assert reads.texts == {chat.key: "hi 🙂", empty.key: ""}


def test_a_row_is_read_as_it_was_saved(harness: Harness) -> None:
    sender = new_id("sender")
    state = full_state(sender)
    assert harness.notifications.save([StateChange(sender, "", state)]).saved == {sender}
    assert state_of(harness, sender) == state


def test_a_row_holds_no_words(harness: Harness) -> None:
    sender = new_id("sender")
    state = full_state(sender)
    assert state.turn is not None
    spoken = replace(state.turn, notification=replace(state.turn.notification, text="my words"))
    change = StateChange(sender, "", replace(state, turn=spoken))
    assert harness.notifications.save([change]).saved == {sender}
    assert state_of(harness, sender) == state


def test_moments_of_many_digits_are_told_apart(harness: Harness) -> None:
    sender = new_id("sender")
    first, second = Decimal("1790000000.000001"), Decimal("1790000000.000002")
    before = save(harness, sender, "", notified_through=first).after
    assert state_of(harness, sender).notified_through == first
    save(harness, sender, before.revision, notified_through=second)
    assert state_of(harness, sender).notified_through == second


def test_the_newest_messages_are_read_with_their_texts(harness: Harness) -> None:
    sender = new_id("sender")
    first, blank, last = store(harness, sender, "one", " ", "three")
    harness.put_reply(sender, int(NOW) + 1)
    newest = read(harness, newest=[sender]).newest[sender]
    found = {each.message_id: (each.text, each.text_id) for each in newest}
    assert found == {
        first.message_id: ("one", first.message_id),
        blank.message_id: (" ", ""),
        last.message_id: ("three", last.message_id),
    }
    assert newest[0].message_id == last.message_id
    assert {each.sender_id for each in newest} == {sender}
    assert all(each.stored_at for each in newest)


def test_an_opt_out_is_known_among_the_newest_messages(harness: Harness) -> None:
    sender = new_id("sender")
    stop = message(sender, "STOP")
    stop = replace(stop, metadata=stop.metadata | {"opt_out_type": "STOP"})
    harness.conversations.write([SenderWrite(session(sender), True, [stop])], NOW)
    [newest] = read(harness, newest=[sender]).newest[sender]
    assert newest.opt_out == "STOP"


def test_the_current_session_is_the_newest_whatever_its_state(harness: Harness) -> None:
    sender, old, new = new_id("sender"), new_id("session"), new_id("session")
    harness.put_session(new, sender, created_at=20, status="completed")
    harness.put_session(old, sender, created_at=10, status="active")
    current = read(harness, newest=[sender]).current_sessions[sender]
    assert current is not None
    assert (current.session_id, current.status) == (new, "completed")


# Evidence


def evidence_of(harness: Harness, sender_id: str, since: float) -> bool:
    """What both reads say, which have to agree where no index lags."""
    evidence = read(harness, evidence={sender_id: since}).evidence[sender_id]
    assert read(harness, absence={sender_id: since}).absence == {sender_id: not evidence}
    return evidence


def test_a_sender_whom_nobody_answered_has_no_evidence(harness: Harness) -> None:
    sender = new_id("sender")
    store(harness, sender, "one", "two")
    assert not evidence_of(harness, sender, float(NOW) - 100)


@pytest.mark.parametrize(("offset", "is_evidence"), [(-1, False), (0, True), (1, True)])
def test_an_outbound_chat_since_then_is_evidence(
    harness: Harness, offset: int, is_evidence: bool
) -> None:
    sender = new_id("sender")
    store(harness, sender, "one")
    harness.put_reply(sender, int(NOW) + offset)
    assert evidence_of(harness, sender, float(int(NOW))) is is_evidence


@pytest.mark.parametrize(
    ("session", "is_evidence"),
    [
        ({"user_limited_until": LIMIT, "updated_at": 100}, True),
        ({"user_limited_until": LIMIT, "updated_at": 99}, False),
        ({"user_limited_until": LIMIT, "created_at": 100}, True),
        ({"user_limited_until": LIMIT}, False),
        ({"updated_at": 100}, False),
        ({"user_limited_until": LIMIT, "paused_until": LIMIT, "updated_at": 100}, False),
        ({"user_limited_until": LIMIT, "paused_until": "2026", "updated_at": 100}, True),
        ({"user_limited_until": LIMIT, "paused_until": LIMIT, "created_at": 100}, False),
        (
            {
                "user_limited_until": LIMIT,
                "paused_until": LIMIT,
                "limited_before_pause": "2026",
                "updated_at": 100,
            },
            True,
        ),
    ],
)
def test_a_limit_since_then_is_evidence_whether_or_not_it_has_passed(
    harness: Harness, session: dict[str, Any], is_evidence: bool
) -> None:
    """By sender: the reply service may have opened another session than the claim's."""
    sender = new_id("sender")
    harness.put_session(new_id("session"), sender, **{"created_at": 50} | session)
    assert evidence_of(harness, sender, 100.0) is is_evidence


def test_an_answer_to_somebody_else_is_no_evidence(harness: Harness) -> None:
    sender, other = new_id("sender"), new_id("sender")
    harness.put_reply(other, int(NOW))
    assert not evidence_of(harness, sender, float(NOW) - 10)
    assert evidence_of(harness, other, float(NOW) - 10)


# Changes


def test_a_row_that_is_not_there_is_created_once(harness: Harness) -> None:
    sender = new_id("sender")
    first = save(harness, sender, "")
    second = harness.notifications.save([change_of(sender, "")])
    assert (second.saved, second.conflicts) == (set(), {sender})
    assert state_of(harness, sender) == first.after


def test_a_row_is_replaced_as_a_whole_by_whoever_has_read_it(harness: Harness) -> None:
    sender = new_id("sender")
    state = full_state(sender)
    harness.notifications.save([StateChange(sender, "", state)])
    change = save(harness, sender, state.revision, notified_through=NOW)
    assert state_of(harness, sender) == change.after


def test_a_change_of_a_row_that_has_changed_since_conflicts(harness: Harness) -> None:
    sender = new_id("sender")
    first = save(harness, sender, "")
    second = save(harness, sender, first.after.revision)
    late = harness.notifications.save([change_of(sender, first.after.revision)])
    assert (late.saved, late.conflicts, late.problems) == (set(), {sender}, [])
    assert state_of(harness, sender) == second.after


def test_a_change_of_a_row_that_was_erased_conflicts(harness: Harness) -> None:
    sender = new_id("sender")
    result = harness.notifications.save([change_of(sender, "erased")])
    assert (result.saved, result.conflicts) == (set(), {sender})
    assert state_of(harness, sender) == NotificationState()


@pytest.mark.parametrize("is_new", [True, False])
def test_a_change_that_is_repeated_counts_as_saved(harness: Harness, is_new: bool) -> None:
    sender = new_id("sender")
    before = "" if is_new else save(harness, sender, "").after.revision
    change = save(harness, sender, before)
    assert harness.notifications.save([change]).saved == {sender}
    assert state_of(harness, sender) == change.after


def test_a_repeated_change_conflicts_once_the_row_is_no_longer_its_own(harness: Harness) -> None:
    sender = new_id("sender")
    change = save(harness, sender, "")
    other = save(harness, sender, change.after.revision)
    assert harness.notifications.save([change]).conflicts == {sender}
    assert state_of(harness, sender) == other.after


def test_of_several_senders_one_that_conflicts_keeps_no_other_from_being_saved(
    harness: Harness,
) -> None:
    a, b, c = (new_id("sender") for _ in range(3))
    before = save(harness, b, "")
    result = harness.notifications.save([change_of(each, "") for each in (a, b, c)])
    assert (result.saved, result.conflicts, result.problems) == ({a, c}, {b}, [])
    assert state_of(harness, b) == before.after


def test_of_many_changes_only_those_conflict_whose_row_has_changed(harness: Harness) -> None:
    many = [new_id("sender") for _ in range(120)]
    taken = many[::7]
    harness.notifications.save([change_of(each, "") for each in taken])
    result = harness.notifications.save([change_of(each, "") for each in many])
    assert result.conflicts == set(taken)
    assert result.saved == set(many) - set(taken)
    assert result.problems == []
    assert len(read(harness, states=many).states) == 120


def test_nothing_to_do_is_done(harness: Harness) -> None:
    assert harness.notifications.save([]).saved == set()
    assert read(harness) == NotificationReads()


# Rows of the version before


def old_row(sender_id: str, **attributes: Any) -> dict[str, Any]:
    row = {
        "sender_id": sender_id,
        "claimed": NOW,
        "claimed_by": "old-token",
        "message_id": "SM-old",
        "through": NOW - 5,
        "expires_at": 4_000_000_000 + 30 * 86_400,
    }
    return {name: value for name, value in (row | attributes).items() if value is not None}


@pytest.mark.emulator
def test_a_claim_of_the_version_before_is_read_as_a_turn(emulator_harness: EmulatorHarness) -> None:
    sender = new_id("sender")
    emulator_harness.put_state(old_row(sender))
    state = state_of(emulator_harness, sender)
    assert (state.revision, state.notified_through, state.pending) == ("", NOW - 5, None)
    assert state.turn is not None
    assert (state.turn.token, state.turn.claimed_at) == ("old-token", 4_000_000_000)
    assert state.turn.open_until == 4_000_000_090
    assert state.turn.notification.message_id == "SM-old"
    assert state.turn.notification.stored_at == NOW


@pytest.mark.emulator
def test_a_settled_row_of_the_version_before_covers_and_is_replaced(
    emulator_harness: EmulatorHarness,
) -> None:
    sender = new_id("sender")
    emulator_harness.put_state(old_row(sender, through=NOW))
    assert state_of(emulator_harness, sender) == NotificationState(notified_through=NOW)
    change = save(emulator_harness, sender, "", notified_through=NOW)
    assert state_of(emulator_harness, sender) == change.after
