"""The chain of a sender's sessions, and the limit of the one that counts."""

from decimal import Decimal
from uuid import RFC_4122, UUID

import pytest

from consumer.conversation.session import (
    ERASED,
    Session,
    is_keyed,
    is_limited,
    is_limited_since,
    newest,
    next_session,
)
from tests.support.builders import SENDER, session

NOW = 1_795_000_000.9  # 2026-11-18T11:06:40.9Z
KEY = b"0123456789abcdef0123456789abcdef"


def test_the_first_session_begins_now_in_whole_seconds() -> None:
    first = next_session(SENDER, None, NOW, KEY)
    assert first.is_active
    assert (first.sender_id, first.created_at) == (SENDER, Decimal(1_795_000_000))
    assert str(UUID(first.session_id)) == first.session_id


@pytest.mark.parametrize("key", [KEY, b""])
def test_two_creations_from_the_same_past_compute_the_same_id(key: bytes) -> None:
    previous = session()
    assert (
        next_session(SENDER, previous, NOW, key).session_id
        == next_session(SENDER, previous, NOW + 99, key).session_id
    )


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        (
            KEY,
            ["bb4170da-8838-8603-b366-012f2b5ef56c", "13152805-52c1-8318-ae37-c92b157f3a6c"],
        ),
        (
            b"",
            ["ac03b09c-b14e-5e7f-9bbc-ce628c4608a8", "c33dc138-74c9-5b6c-9d62-9aa2277c16c8"],
        ),
    ],
    ids=["with a key", "without one"],
)
def test_ids_never_change_between_releases(key: bytes, ids: list[str]) -> None:
    """While a release is replaced, both make sessions."""
    first = next_session("15555550101", None, NOW, key)
    second = next_session("15555550101", first, NOW, key)
    assert [first.session_id, second.session_id] == ids


def test_an_id_with_a_key_tells_by_its_version() -> None:
    """RFC 9562: version 8 in the 13th digit, the variant in the 17th."""
    ids = [next_session(str(number), None, NOW, KEY).session_id for number in range(200)]
    assert {(UUID(each).version, UUID(each).variant) for each in ids} == {(8, RFC_4122)}
    assert all(is_keyed(each) for each in ids)


@pytest.mark.parametrize(
    "other",
    [next_session(SENDER, None, NOW, b"").session_id, "16b4f27d-60a6-4aa3-b53e-3c9648b7138a", ""],
)
def test_any_other_id_has_no_key(other: str) -> None:
    assert not is_keyed(other)


def test_each_sender_link_and_key_has_its_own_id() -> None:
    ids = [
        next_session(sender, previous, NOW, key).session_id
        for sender in ("a", "b", "a:1", 'a", "1')
        for previous in (None, session("1"), session("2"), session("1:2"))
        for key in (KEY, KEY[:-1])
    ]
    assert len(set(ids)) == 4 * 4 * 2


def test_after_an_erasure_no_id_comes_again() -> None:
    first = next_session(SENDER, None, NOW, KEY)
    second = next_session(SENDER, first, NOW, KEY)
    erased = Session(first.session_id, "", ERASED, Decimal(0), erased="random")
    again = next_session(SENDER, erased, NOW, KEY)
    assert again.session_id not in (first.session_id, second.session_id)
    assert again.created_at == int(NOW)
    assert again == next_session(SENDER, erased, NOW, KEY)


@pytest.mark.parametrize(
    ("previous", "created_at"),
    [("1794999999", 1_795_000_000), ("1795000000", 1_795_000_001), ("1795009999", 1_795_010_000)],
)
def test_a_session_begins_after_every_earlier_one(previous: str, created_at: int) -> None:
    """Also when the clock that made the earlier one was ahead of ours."""
    after = next_session(SENDER, session(created_at=Decimal(previous)), NOW, KEY)
    assert after.created_at == created_at


def test_a_fraction_in_an_earlier_session_does_not_put_the_next_one_before_it() -> None:
    after = next_session(SENDER, session(created_at=Decimal("1795000000.7")), NOW, KEY)
    assert after.created_at == 1_795_000_001


def test_the_newest_session_has_the_highest_created_at() -> None:
    old, new = session("old"), session("new", created_at=Decimal(2))
    assert newest([new, None, old]) == newest([old, new]) == new
    assert newest([None]) is newest([]) is None


def limited(until: str | None) -> Session:
    return session(user_limited_until=until)


@pytest.mark.parametrize(
    "until",
    [
        "2026-11-18T11:06:41",
        "2026-11-18 11:06:41",
        "2026-11-18T11:06:41Z",
        "2026-11-18T11:06:40.950000",
        "2026-11-18T12:06:41+01:00",
        "2026-11-18T04:06:41-07:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-19",
        " 2026-11-18T11:06:41 ",
    ],
)
def test_a_moment_to_come_limits_and_without_an_offset_it_is_utc(until: str) -> None:
    assert is_limited(limited(until), NOW)


@pytest.mark.parametrize(
    "until",
    [
        None,
        "2026-11-18T11:06:40",
        "2026-11-18T11:06:40.9Z",
        "2026-11-18T12:06:40+01:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_moment_past_or_none_does_not_limit(until: str | None) -> None:
    assert not is_limited(limited(until), NOW)


def test_a_session_that_is_not_there_does_not_limit() -> None:
    assert not is_limited(None, NOW)


@pytest.mark.parametrize("until", ["tomorrow", " ", "2026-13-01", "1795000000", "2026-11-18T25:00"])
def test_an_unreadable_limit_is_an_error_to_be_logged(until: str) -> None:
    with pytest.raises(ValueError):
        is_limited(limited(until), NOW)


PAUSE, OWN = "2026-11-18T12:00:00", "2026-11-18T12:30:00"


@pytest.mark.parametrize(
    ("values", "own_limit"),
    [
        ({}, None),
        ({"user_limited_until": OWN}, OWN),
        ({"user_limited_until": PAUSE, "paused_until": PAUSE}, None),
        (
            {"user_limited_until": PAUSE, "paused_until": PAUSE, "limited_before_pause": OWN},
            OWN,
        ),
        ({"user_limited_until": OWN, "paused_until": PAUSE}, OWN),
        ({"paused_until": PAUSE}, None),
        ({"paused_until": PAUSE, "limited_before_pause": OWN}, None),
    ],
    ids=[
        "no limit",
        "limited",
        "paused",
        "paused over a limit",
        "limited since the pause",
        "lifted",
        "the reply service has lifted what a pause replaced",
    ],
)
def test_only_what_the_reply_service_wrote_is_its_own_limit(
    values: dict[str, str], own_limit: str | None
) -> None:
    """The mark counts only while the limit is the one that the pause wrote."""
    found = session(created_at=Decimal(100), **values)
    assert found.own_limit == own_limit
    assert is_limited_since(found, 100.0) is (own_limit is not None)
    assert not is_limited_since(found, 101.0)


@pytest.mark.parametrize(
    ("limit", "is_set_since"),
    [
        ("1970-01-01T00:01:39", False),
        ("1970-01-01T00:01:41", True),
        ("1970-01-01T00:01:41+00:00", True),
        ("soon", True),
    ],
)
def test_a_limit_that_was_over_by_then_was_not_set_since(limit: str, is_set_since: bool) -> None:
    """The reply service completes a session later, and writes `updated_at` again."""
    found = session(
        created_at=Decimal(10),
        updated_at=Decimal(166),
        user_limited_until=limit,
        status="completed",
    )
    assert is_limited_since(found, 100.0) is is_set_since


def test_a_pause_limits_as_any_limit_does() -> None:
    assert is_limited(session(user_limited_until=PAUSE, paused_until=PAUSE), NOW)
