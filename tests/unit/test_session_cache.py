"""The cache of session ids stays small, whoever writes."""

from consumer.conversation.session_cache import SessionCache


def test_a_sender_is_remembered_until_others_crowd_it_out() -> None:
    cache = SessionCache(capacity=2)
    for sender in ("a", "b", "c"):
        cache.put(sender, f"session-{sender}")
    assert [cache.get(sender) for sender in ("a", "b", "c")] == [None, "session-b", "session-c"]


def test_who_writes_again_is_forgotten_last() -> None:
    cache = SessionCache(capacity=2)
    for sender in ("a", "b", "a", "c"):
        cache.put(sender, "session")
    assert [cache.get(sender) for sender in ("a", "b", "c")] == ["session", None, "session"]


def test_the_latest_session_of_a_sender_counts() -> None:
    cache = SessionCache(capacity=1)
    cache.put("a", "old")
    cache.put("a", "new")
    assert cache.get("a") == "new"
