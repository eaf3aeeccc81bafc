"""Which session a message goes to, when the index lags and others write too."""

from decimal import Decimal

import pytest

from consumer.conversation.session import Session, next_session
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.store_messages import MessageStorage, StoreResult
from tests.support.builders import SENDER, message, session
from tests.support.doubles import NOW, MemoryConversations, Time

FIRST = next_session(SENDER, None, NOW)
SECOND = next_session(SENDER, FIRST, NOW)
COMPLETED = session(FIRST.session_id, created_at=FIRST.created_at, status="completed")
THEIRS = session("theirs", created_at=FIRST.created_at + 50)


def store_messages(
    store: MemoryConversations, cache: SessionCache | None = None, count: int = 2
) -> StoreResult:
    conversations = MessageStorage(
        store, cache or SessionCache(), lambda: NOW, store.time.budget(30.0)
    )
    return conversations.store({SENDER: [message(n) for n in range(count)]})


def store_with(*sessions: Session, **index: Session | None) -> MemoryConversations:
    store = MemoryConversations(Time(), sessions={each.session_id: each for each in sessions})
    store.index = {SENDER: index["index"]} if index else {}
    return store


@pytest.mark.parametrize(
    ("store", "goes_to", "opened"),
    [
        (store_with(), FIRST, [FIRST]),
        (store_with(FIRST), FIRST, []),
        (store_with(COMPLETED), SECOND, [SECOND]),
        (store_with(FIRST, THEIRS), THEIRS, []),
        (store_with(COMPLETED, index=FIRST), SECOND, [SECOND]),
        (store_with(FIRST, index=None), FIRST, []),
        (store_with(COMPLETED, index=None), SECOND, [SECOND]),
        (store_with(COMPLETED, SECOND, index=None), SECOND, []),
        (store_with(COMPLETED, SECOND, index=COMPLETED), SECOND, []),
        (store_with(COMPLETED, SECOND, index=FIRST), SECOND, []),
    ],
    ids=[
        "nobody yet",
        "an active session",
        "a completed one",
        "one that the reply service opened",
        "an index that still calls it active",
        "an index that does not show it yet",
        "an index that shows neither it nor its end",
        "an index that shows nothing of two",
        "an index that lacks the newest",
        "an index that lacks the newest and the end of the one before",
    ],
)
def test_messages_go_to_the_newest_session_if_it_is_active_else_to_the_next(
    store: MemoryConversations, goes_to: Session, opened: list[Session]
) -> None:
    intake = store_messages(store)
    assert set(store.chats.values()) == {goes_to.session_id}
    assert [each.session_id for each in intake.opened] == [each.session_id for each in opened]
    assert intake.sessions[SENDER].session_id == goes_to.session_id
    assert len(intake.stored) == 2


def test_the_session_opened_next_is_newer_than_the_one_before() -> None:
    store = store_with(COMPLETED)
    store_messages(store)
    assert store.sessions[SECOND.session_id].created_at == COMPLETED.created_at + 1


def test_a_warm_container_knows_the_session_that_the_index_lacks() -> None:
    store, cache = store_with(COMPLETED, SECOND, index=None), SessionCache()
    cache.put(SENDER, SECOND.session_id)
    store_messages(store, cache)
    assert store.calls == 2
    assert set(store.chats.values()) == {SECOND.session_id}


def test_what_a_warm_container_believes_is_never_taken_for_true() -> None:
    store, cache = store_with(COMPLETED), SessionCache()
    cache.put(SENDER, FIRST.session_id)
    store_messages(store, cache)
    assert set(store.chats.values()) == {SECOND.session_id}
    assert cache.get(SENDER) == SECOND.session_id


def test_a_session_that_was_never_stored_misleads_nobody() -> None:
    store, cache = store_with(), SessionCache()
    cache.put(SENDER, "never stored")
    store_messages(store, cache)
    assert set(store.chats.values()) == {FIRST.session_id}


def test_of_refused_messages_each_is_set_aside_and_its_neighbours_stored() -> None:
    store = store_with()
    store.refuses = {message(0).message_id, message(3).message_id}
    intake = store_messages(store, count=5)
    assert {key.message_id for key in intake.refused} == store.refuses
    assert len(intake.stored) == 3
    assert {each.created_at for each in store.sessions.values()} == {Decimal(int(NOW))}


def test_where_nothing_is_new_nothing_is_written() -> None:
    store = store_with()
    store_messages(store)
    before = store.calls
    assert len(store_messages(store).duplicates) == 2
    assert store.calls == before + 1
