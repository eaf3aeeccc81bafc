"""Records in, POSTs out: the notifier with everything in memory."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import NotHandled
from consumer.notification.ports import Outcome
from consumer.notification.retry_record import retry_body
from consumer.notification.state import CLOCKS_APART_SECONDS, NotificationState
from handlers.dynamo_event_handler import notify_reply_service
from tests.support.builders import SENDER, notification, retry_record, session, stream_record
from tests.support.doubles import NOW, StreamWorld, lines_with

MOMENT = Decimal("1795000000.5")
KEYS: dict[str, Any] = {"message_id": "SM1", "session_id": "session-1", "stored_at": MOMENT}


def test_a_new_message_is_notified_once_however_often_it_comes() -> None:
    world = StreamWorld()
    for _ in range(2):
        world.notify(stream_record())
    assert [each.text for each in world.replies.notified] == ["hi"]
    assert world.notifications.rows[SENDER].notified_through == MOMENT
    assert [each.get("Covered") for each in lines_with(world, "notifications handled")] == [None, 1]


def test_each_sender_is_notified_once_a_batch() -> None:
    world = StreamWorld()
    newer = stream_record(stored_at={"N": "1795000001"}, message_id={"S": "SM2"})
    world.notify(stream_record(), newer, stream_record(sender_id={"S": "1"}))
    assert sorted((each.sender_id, each.message_id[:3]) for each in world.replies.notified) == [
        ("1", "SM0"),
        (SENDER, "SM2"),
    ]


def test_what_cannot_be_delivered_now_is_scheduled_for_retry_and_notified_later() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(stream_record())
    [scheduled] = world.retry_queue.scheduled
    assert (scheduled.sender_id, scheduled.attempt) == (SENDER, 2)
    world.replies.outcomes.clear()
    assert world.retry(retry_record(after=scheduled.after)) == []
    assert [each.text for each in world.replies.notified] == ["hi", "read again"]


@pytest.mark.parametrize(
    ("outcome", "attempt", "reason"),
    [
        (Outcome.CANNOT_DELIVER_NOW, 3, "given up after 3 attempts"),
        (Outcome.UNAUTHORIZED, 3, "given up after 3 attempts"),
        (Outcome.REJECTED, 1, "the reply service rejected it"),
    ],
)
def test_what_never_can_be_delivered_ends_with_its_reason(
    outcome: Outcome, attempt: int, reason: str
) -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = outcome
    assert world.retry(retry_record(attempt=attempt)) == []
    assert [each.reason for each in world.retry_queue.ended] == [reason]
    [logged] = lines_with(world, "notification dead-lettered")
    assert (logged["sender"], logged["reason"]) == ("…0199", reason)


def test_an_unknown_outcome_is_logged_and_not_notified_again() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(stream_record())
    world.notify(stream_record())
    assert len(world.replies.notified) == 1
    assert len(lines_with(world, "reply outcome unknown")) == 1


def test_an_unknown_outcome_is_notified_again_where_that_is_wanted() -> None:
    """Then a claim in doubt is taken over, once nobody can be alive who made it."""
    world = StreamWorld(resends_unknown=True)
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    world.notify(stream_record())
    assert [each.attempt for each in world.retry_queue.scheduled] == [2]
    world.time.now += 60.0 + CLOCKS_APART_SECONDS + 1.0
    world.notify(stream_record())
    assert len(world.replies.notified) == 2


def test_a_post_that_may_be_under_way_is_waited_for_and_that_is_no_attempt() -> None:
    world = StreamWorld(resends_unknown=True)
    world.replies.on_post = lambda: world.notify(stream_record())
    world.notify(stream_record())
    assert len(world.replies.notified) == 1
    assert [each.attempt for each in world.retry_queue.scheduled] == [1]


def test_the_holder_of_the_claim_handles_the_notification() -> None:
    world = StreamWorld()
    world.notifications.loses = {SENDER}
    world.notify(stream_record())
    assert world.replies.notified == world.retry_queue.scheduled == []


def test_the_notification_of_a_message_that_is_gone_is_dropped() -> None:
    world = StreamWorld()
    world.notifications.texts[notification().key] = None
    assert world.retry(retry_record()) == []
    assert world.replies.notified == []
    assert [each["Deleted"] for each in lines_with(world, "notifications handled")] == [1]


def test_more_senders_than_connections_are_notified_in_rounds() -> None:
    world = StreamWorld(round_size=2)
    world.notify(*(stream_record(sender_id={"S": str(n)}) for n in range(5)))
    assert len(world.replies.notified) == 5


@pytest.mark.parametrize(
    ("limit", "notified"),
    [("2099-01-01T00:00:00", 0), ("2001-01-01T00:00:00", 1), ("tomorrow", 1), (None, 1)],
)
def test_a_limited_user_is_not_notified_about_and_an_unreadable_limit_is_logged(
    limit: str | None, notified: int
) -> None:
    world = StreamWorld()
    world.notifications.sessions["session-1"] = session(user_limited_until=limit)
    world.notify(stream_record())
    assert len(world.replies.notified) == notified
    assert len(lines_with(world, "user_limited_until is not readable")) == (limit == "tomorrow")


def test_while_the_table_is_down_a_retry_is_scheduled() -> None:
    world = StreamWorld()
    world.notifications.is_down = True
    world.notify(stream_record())
    assert [each.attempt for each in world.retry_queue.scheduled] == [2]
    assert world.replies.notified == []


def test_what_can_be_neither_notified_nor_scheduled_comes_again() -> None:
    world = StreamWorld()
    world.retry_queue.is_down = True
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    with pytest.raises(NotHandled, match=r"1 notification\(s\)"):
        world.notify(stream_record(sender_id={"S": "1"}), stream_record())
    assert world.notifications.released == ["1"]
    assert world.notifications.rows[SENDER].notified_through == MOMENT


def test_every_copy_of_a_scheduled_notification_that_stays_open_comes_again() -> None:
    world = StreamWorld()
    world.retry_queue.is_down = True
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    records = [retry_record(1, "1"), retry_record(2), retry_record(3, "1", attempt=1)]
    assert world.retry(*records) == ["record-1", "record-3"]


def test_the_claim_that_stands_is_not_forgotten_among_those_that_may_stand() -> None:
    """One refusal, then more claims with an unknown outcome than a scheduled copy can name."""
    world = StreamWorld(max_attempts=100)
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(stream_record())
    world.replies.outcomes.clear()
    for attempt in range(20):
        world.notifications.unclear = {SENDER} if attempt < 19 else set()
        body = retry_body(world.retry_queue.scheduled.pop())
        assert world.retry({"messageId": "1", "body": body}) == []
    assert [each.sender_id for each in world.replies.notified] == [SENDER, SENDER]


def test_a_table_that_cannot_settle_keeps_no_retry_from_being_scheduled() -> None:
    world = StreamWorld()
    world.notifications.settles = False
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    world.notify(stream_record(), stream_record(sender_id={"S": "1"}))
    assert [each.sender_id for each in world.retry_queue.scheduled] == ["1"]
    [problems] = lines_with(world, "notifications had problems")
    assert problems["problems"] == ["not settled"]


def test_a_retry_record_that_cannot_be_read_goes_to_the_dead_letters() -> None:
    world = StreamWorld()
    broken = {"messageId": "record-9", "body": "{", "eventSource": "aws:sqs"}
    assert world.retry(broken, retry_record()) == []
    assert [each.id for each in world.retry_queue.ended] == ["record-9"]
    assert len(world.replies.notified) == 1


def test_a_retry_record_that_cannot_even_be_rejected_comes_again() -> None:
    world = StreamWorld()
    world.retry_queue.is_down = True
    assert world.retry({"messageId": "record-9", "body": "{"}) == ["record-9"]


def test_a_scheduled_notification_already_covered_is_dropped() -> None:
    world = StreamWorld()
    world.notifications.rows[SENDER] = NotificationState(notified_through=MOMENT)
    assert world.retry(retry_record()) == []
    assert world.replies.notified == []


def test_a_script_tells_about_one_sender() -> None:
    world = StreamWorld()
    assert notify_reply_service(SENDER, None, world.dependencies, **KEYS).notified == {SENDER}
    assert notify_reply_service(SENDER, notification(), world.dependencies).covered == {SENDER}


@pytest.mark.parametrize("given", [(), (None,), ("SM1",), ({"message_id": "SM1"},)])
def test_a_script_hears_what_makes_a_notification(given: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="message_id, session_id and stored_at"):
        notify_reply_service(SENDER, *given)


@pytest.mark.parametrize("moment", [1_795_000_000, 1_795_000_000.5, "1795000000.5", Decimal(7)])
def test_a_script_may_give_a_moment_as_any_number(moment: Any) -> None:
    world = StreamWorld()
    assert notify_reply_service(
        SENDER, None, world.dependencies, **KEYS | {"stored_at": moment}
    ).notified
    assert world.notifications.rows[SENDER].notified_through == Decimal(str(moment))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"message_id": ""}, "^message_id is empty$"),
        ({"session_id": ""}, "^session_id is empty$"),
        ({"stored_at": "soon"}, "^stored_at is no number that the table can hold$"),
        ({"stored_at": None}, "^stored_at is no number that the table can hold$"),
        ({"stored_at": True}, "^stored_at is no number that the table can hold$"),
        ({"stored_at": float("nan")}, "^stored_at is no number that the table can hold$"),
        ({"stored_at": Decimal("1e200")}, "^stored_at is no number that the table can hold$"),
        ({"stored_at": 1_795_000_000_500}, "^stored_at lies ahead of the clock: .* not milli"),
        ({"stored_at": NOW + 161}, "^stored_at lies ahead of the clock"),
    ],
)
def test_a_script_hears_of_a_notification_that_would_silence_the_sender(
    given: dict[str, Any], said: str
) -> None:
    """What `through` holds covers all that is stored before it."""
    world = StreamWorld()
    with pytest.raises(ValueError, match=said):
        notify_reply_service(SENDER, None, world.dependencies, **KEYS | given)
    with pytest.raises(ValueError, match=said):
        notify_reply_service(SENDER, notification(**given), world.dependencies)
    assert (world.notifications.calls, world.replies.notified) == (0, [])


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("", "^sender_id is empty$"),
        ("whatsapp:+4915555550199", "^sender_id is not as chats have it"),
        ("1", "^sender_id is not the sender of the notification$"),
    ],
)
def test_a_script_hears_that_a_notification_is_of_another_sender(sender: str, said: str) -> None:
    world = StreamWorld()
    with pytest.raises(ValueError, match=said):
        notify_reply_service(sender, notification(), world.dependencies)
    assert world.notifications.calls == 0


def test_a_script_hears_that_the_reply_service_could_not_be_notified() -> None:
    world = StreamWorld()
    world.notifications.is_down = world.retry_queue.is_down = True
    with pytest.raises(NotHandled, match="Down"):
        notify_reply_service(SENDER, notification(), dependencies=world.dependencies)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
attributes = st.sampled_from([*stream_record()["dynamodb"]["NewImage"], "ttl"])
images = st.dictionaries(attributes, st.dictionaries(st.sampled_from("SNML"), json_like))
changes = st.builds(lambda image: stream_record(**image), images)
bodies = st.fixed_dictionaries({"body": json_like | st.text(), "messageId": json_like})


@given(st.lists(changes | json_like, max_size=6))
def test_arbitrary_stream_records_never_raise(records: list[Any]) -> None:
    StreamWorld().notify(*records)


@given(st.lists(bodies | json_like, max_size=6))
def test_arbitrary_retry_records_never_raise(records: list[Any]) -> None:
    assert set(map(type, StreamWorld().retry(*records))) <= {str}
