"""Which session a message goes to, when the index lags and others write too."""

from decimal import Decimal

import pytest

from consumer.conversation.session import Session, next_session
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.store_messages import MessageStorage, StoreResult
from tests.support.builders import SENDER, message, session
from tests.support.doubles import NOW, Context, QueueWorld

KEY = "k" * 64
FIRST = next_session(SENDER, None, NOW, KEY.encode())
SECOND = next_session(SENDER, FIRST, NOW, KEY.encode())
COMPLETED = session(FIRST.session_id, created_at=FIRST.created_at, status="completed")
THEIRS = session("theirs", created_at=FIRST.created_at + 50)


def store_messages(
    world: QueueWorld, cache: SessionCache | None = None, count: int = 2
) -> StoreResult:
    dependencies = world.dependencies
    budget = dependencies.runtime.budget(Context(30.0))
    storage = MessageStorage(
        dependencies.conversations,
        cache or SessionCache(),
        lambda: NOW,
        budget,
        dependencies.session_key,
    )
    return storage.store({SENDER: [message(n) for n in range(count)]})


def world_with(*sessions: Session, **index: Session | None) -> QueueWorld:
    """Sessions in the table; `index` is what the lagging index shows in their place."""
    world = QueueWorld()
    world.tables.session_key = KEY
    world.tables.sessions |= {each.session_id: each for each in sessions}
    for each in filter(None, index.values()) if index else sessions:
        world.tables.index.put(each, NOW)
    return world


@pytest.mark.parametrize(
    ("world", "goes_to", "opened"),
    [
        (world_with(), FIRST, [FIRST]),
        (world_with(FIRST), FIRST, []),
        (world_with(COMPLETED), SECOND, [SECOND]),
        (world_with(FIRST, THEIRS), THEIRS, []),
        (world_with(COMPLETED, index=FIRST), SECOND, [SECOND]),
        (world_with(FIRST, index=None), FIRST, []),
        (world_with(COMPLETED, index=None), SECOND, [SECOND]),
        (world_with(COMPLETED, SECOND, index=None), SECOND, []),
        (world_with(COMPLETED, SECOND, index=COMPLETED), SECOND, []),
        (world_with(COMPLETED, SECOND, index=FIRST), SECOND, []),
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
    world: QueueWorld, goes_to: Session, opened: list[Session]
) -> None:
    result = store_messages(world)
    assert world.session_ids() == {goes_to.session_id}
    assert [each.session_id for each in result.opened] == [each.session_id for each in opened]
    assert result.sessions[SENDER].session_id == goes_to.session_id
    assert len(result.stored) == 2


def test_the_session_opened_next_is_newer_than_the_one_before() -> None:
    world = world_with(COMPLETED)
    store_messages(world)
    assert world.tables.sessions[SECOND.session_id].created_at == COMPLETED.created_at + 1


def test_a_warm_container_knows_the_session_that_the_index_lacks() -> None:
    world, cache = world_with(COMPLETED, SECOND, index=None), SessionCache()
    cache.put(SENDER, SECOND.session_id)
    store_messages(world, cache)
    assert world.calls == 3, "a query, a read and a write"
    assert world.session_ids() == {SECOND.session_id}


def test_what_a_warm_container_believes_is_never_taken_for_true() -> None:
    world, cache = world_with(COMPLETED), SessionCache()
    cache.put(SENDER, FIRST.session_id)
    store_messages(world, cache)
    assert world.session_ids() == {SECOND.session_id}
    assert cache.get(SENDER) == SECOND.session_id


def test_a_session_that_was_never_stored_changes_nothing() -> None:
    world, cache = world_with(), SessionCache()
    cache.put(SENDER, "never stored")
    store_messages(world, cache)
    assert world.session_ids() == {FIRST.session_id}


@pytest.mark.parametrize("tells_reasons", [True, False])
def test_each_refused_message_is_noted_and_its_neighbours_are_stored(tells_reasons: bool) -> None:
    world = QueueWorld(tells_reasons)
    world.refuses = {message(0).message_id, message(3).message_id}
    result = store_messages(world, count=5)
    assert {key.message_id for key in result.refused} == world.refuses
    assert len(result.stored) == 3
    assert {each.created_at for each in world.tables.sessions.values()} == {Decimal(int(NOW))}


def test_where_nothing_is_new_nothing_is_written() -> None:
    world = world_with()
    store_messages(world)
    before = world.calls
    assert len(store_messages(world).duplicates) == 2
    assert world.calls == before + 2, "a query and a read"
