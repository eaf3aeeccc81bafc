"""News in, POSTs out: the stream half with everything in memory."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import NotHandled
from consumer.notification.notification import Notification
from consumer.notification.retry_record import read_retry_record
from consumer.notification.state import NotificationState, Turn
from consumer.notification.step import Outcome, ResendUnknown
from handlers.dynamo_event_handler import notify_reply_service
from tests.support.builders import SENDER, notification, retry_record, session, stream_record
from tests.support.doubles import NOW, RULES, StreamWorld, lines_with
from tests.support.memory.fault_schedule import Fault

MOMENT = Decimal("1795000000.5")
STORED: dict[str, Any] = {"message_id": f"SM{1:032d}", "stored_at": Decimal(1_795_000_001)}
KEYS: dict[str, Any] = {"message_id": "SM1", "session_id": "session-1", "stored_at": MOMENT}


def test_a_new_message_is_notified_once_however_often_it_comes() -> None:
    world = StreamWorld()
    for _ in range(2):
        world.notify(stream_record())
    assert world.replies.texts == ["hi"]
    assert world.row().notified_through == MOMENT
    assert [each.get("Covered") for each in lines_with(world, "notifications handled")] == [None, 1]


def test_each_sender_is_notified_once_a_batch() -> None:
    world = StreamWorld()
    newer = stream_record(stored_at={"N": "1795000001"}, message_id={"S": "SM2"})
    world.notify(stream_record(), newer, stream_record(sender_id={"S": "1"}))
    assert sorted((each.sender_id, each.message_id[:3]) for each in world.replies.notified) == [
        ("1", "SM0"),
        (SENDER, "SM2"),
    ]


def test_what_cannot_be_delivered_now_is_scheduled_and_notified_later() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store())
    [scheduled] = world.wake_ups()
    assert (scheduled.sender_id, scheduled.attempt) == (SENDER, 2)
    world.replies.outcomes.clear()
    world.wake()
    assert world.replies.texts == ["hi", "hi"]
    assert world.wake_ups() == []


@pytest.mark.parametrize(
    ("outcome", "attempt", "reason"),
    [
        (Outcome.CANNOT_DELIVER_NOW, 3, "given up after 3 attempts: Http503"),
        (Outcome.UNAUTHORIZED, 3, "given up after 3 attempts: Http401"),
        (Outcome.REJECTED, 1, "the reply service rejected it: Http404"),
    ],
)
def test_what_never_can_be_delivered_ends_with_its_reason(
    outcome: Outcome, attempt: int, reason: str
) -> None:
    world = StreamWorld()
    world.store()
    world.replies.outcomes[SENDER] = outcome
    world.replies.codes[SENDER] = reason.rpartition(": ")[2]
    assert world.retry(retry_record(attempt=attempt, **STORED)) == []
    [ended] = world.dead_letters()
    assert ended.reason == reason
    letter = read_retry_record({"body": ended.body})
    assert isinstance(letter, Notification)
    assert (letter.sender_id, letter.attempt) == (SENDER, attempt)
    [logged] = lines_with(world, "notification dead-lettered")
    assert (logged["sender"], logged["reason"]) == ("…0199", reason)


@pytest.mark.parametrize(
    ("attempt", "scheduled", "reasons"),
    [
        (2, [3], []),
        (3, [4], []),
        (4, [], ["given up after 4 attempts"]),
        (5, [], ["given up after 4 attempts"]),
    ],
)
def test_a_notification_is_tried_as_often_as_was_set(
    attempt: int, scheduled: list[int], reasons: list[str]
) -> None:
    """One that has had more attempts than were set since is not tried any more."""
    world = StreamWorld(replace(RULES, max_attempts=4))
    world.store()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    assert world.retry(retry_record(attempt=attempt, **STORED)) == []
    assert [each.attempt for each in world.wake_ups()] == scheduled
    assert [each.reason for each in world.dead_letters()] == reasons
    assert len(world.replies.notified) == (attempt < 5)


def test_who_could_not_be_notified_is_scheduled_before_the_turn_is_ended() -> None:
    """A death in between leaves a turn to be looked at, and nobody unnotified."""
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    seen: list[int] = []
    world.notifications.before_save = lambda: seen.append(len(world.wake_ups()))
    world.notify(world.store())
    assert seen == [0, 1]


def test_an_unknown_outcome_is_not_notified_again_before_it_was_looked_at() -> None:
    world = StreamWorld()
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    record = world.store()
    for _ in range(2):
        world.notify(record)
    assert len(world.replies.notified) == len(world.wake_ups()) == 1


def test_an_unknown_outcome_is_logged_where_nobody_looks() -> None:
    world = StreamWorld(replace(RULES, resend_unknown=ResendUnknown.NEVER))
    world.replies.outcomes[SENDER] = Outcome.UNKNOWN
    for _ in range(2):
        world.notify(stream_record())
    assert len(world.replies.notified) == 1
    [logged] = lines_with(world, "reply outcome unknown")
    assert logged["sender"] == "…0199"


def test_a_post_that_may_be_under_way_is_waited_for_and_that_is_no_attempt() -> None:
    world = StreamWorld()
    record = world.store()
    world.replies.on_post = lambda: world.notify(record)
    world.notify(record)
    assert len(world.replies.notified) == 1
    assert [each.attempt for each in world.wake_ups()] == [1]
    world.wake_all()
    assert len(world.replies.notified) == 1


def test_a_message_that_is_gone_is_dropped() -> None:
    world = StreamWorld()
    assert world.retry(retry_record()) == []
    assert world.replies.notified == []
    assert [each["Deleted"] for each in lines_with(world, "notifications handled")] == [1]


def test_more_senders_than_connections_are_notified_in_rounds() -> None:
    world = StreamWorld(round_size=2)
    world.notify(*(stream_record(sender_id={"S": str(n)}) for n in range(5)))
    assert len(world.replies.notified) == 5
    assert world.calls["notifications.read"] == 1


@pytest.mark.parametrize(
    ("limit", "notified"),
    [("2099-01-01T00:00:00", 0), ("2001-01-01T00:00:00", 1), ("tomorrow", 1), (None, 1)],
)
def test_a_limited_user_is_not_notified_about_and_an_unreadable_limit_is_logged(
    limit: str | None, notified: int
) -> None:
    world = StreamWorld()
    world.tables.put_session(session(user_limited_until=limit), world.now)
    world.notify(stream_record())
    assert len(world.replies.notified) == notified
    assert len(lines_with(world, "user_limited_until is not readable")) == (limit == "tomorrow")


def test_while_the_table_is_down_a_notification_is_scheduled_as_no_attempt() -> None:
    world = StreamWorld()
    world.fail("notifications")
    world.notify(stream_record())
    assert [each.attempt for each in world.wake_ups()] == [1]
    assert world.replies.notified == []


def test_an_outage_of_the_table_costs_nobody_an_answer() -> None:
    world = StreamWorld()
    record = world.store()
    world.fail("notifications")
    world.notify(record)
    for _ in range(100):
        world.wake()
    world.faults.mend()
    world.wake_all()
    assert world.replies.texts == ["hi"]
    assert world.dead_letters() == []


def test_what_can_be_neither_notified_nor_scheduled_comes_again() -> None:
    world = StreamWorld()
    world.fail("retry_queue")
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    with pytest.raises(NotHandled, match=r"1 notification\(s\)"):
        world.notify(stream_record(sender_id={"S": "1"}), stream_record())
    assert world.row().notified_through == MOMENT
    assert world.row("1").notified_through == 0


def test_every_record_of_a_sender_who_stays_unhandled_comes_again() -> None:
    world = StreamWorld()
    for sender in ("1", SENDER):
        world.store(1, sender)
    world.fail("retry_queue")
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    records = [
        retry_record(1, "1", **STORED),
        retry_record(2, **STORED),
        retry_record(3, "1", **STORED | {"attempt": 1}),
    ]
    assert world.retry(*records) == ["record-1", "record-3"]


def test_claims_whose_answers_are_lost_cost_nobody_an_answer() -> None:
    """One refusal, then no claim is answered for longer than an invocation lasts."""
    world = StreamWorld(replace(RULES, max_attempts=100))
    world.replies.outcomes[SENDER] = Outcome.CANNOT_DELIVER_NOW
    world.notify(world.store())
    world.replies.outcomes.clear()
    world.faults.script["notifications.save"] = [Fault.LOST] * 40
    world.wake_all(100)
    assert [each.sender_id for each in world.replies.notified] == [SENDER, SENDER]


def test_a_table_that_takes_no_ending_keeps_nobody_from_being_scheduled() -> None:
    world = StreamWorld()
    world.replies.on_post = lambda: world.fail("notifications")
    world.replies.outcomes["1"] = Outcome.CANNOT_DELIVER_NOW
    world.notify(stream_record(), stream_record(sender_id={"S": "1"}))
    assert [each.sender_id for each in world.wake_ups()] == ["1"]
    [problems] = lines_with(world, "notifications had problems")
    assert {"turn not ended", "write:ThrottlingException"} <= set(problems["problems"])


def test_a_retry_record_that_cannot_be_read_goes_to_the_dead_letters() -> None:
    world = StreamWorld()
    world.store()
    broken = {"messageId": "record-9", "body": "{", "eventSource": "aws:sqs"}
    assert world.retry(broken, retry_record(**STORED)) == []
    assert [each.body for each in world.dead_letters()] == ["{"]
    assert len(world.replies.notified) == 1


def test_a_retry_record_that_cannot_even_be_rejected_comes_again() -> None:
    world = StreamWorld()
    world.fail("retry_queue")
    assert world.retry({"messageId": "record-9", "body": "{"}) == ["record-9"]


def test_a_retry_record_that_is_covered_already_is_dropped() -> None:
    world = StreamWorld()
    world.put_row(NotificationState(notified_through=MOMENT))
    assert world.retry(retry_record()) == []
    assert (world.replies.notified, world.wake_ups()) == ([], [])


def test_a_script_tells_about_one_sender() -> None:
    """With the text as it is stored, unless it is given."""
    world = StreamWorld()
    world.store(text="as stored")
    keys = KEYS | STORED
    assert notify_reply_service(SENDER, None, world.dependencies, **keys).notified == {SENDER}
    assert notify_reply_service(SENDER, notification(), world.dependencies).covered == {SENDER}
    assert world.replies.texts == ["as stored"]


def test_a_script_obeys_an_open_turn() -> None:
    world = StreamWorld()
    claimed = notification(message_id="SM0", stored_at=MOMENT - 1)
    turn = Turn(claimed, "somebody's", world.now - 1, world.now + 24)
    world.put_row(NotificationState(turn=turn))
    assert notify_reply_service(SENDER, notification(), world.dependencies).waiting == {SENDER}
    assert (world.replies.notified, len(world.wake_ups())) == ([], 1)


@pytest.mark.parametrize("given", [(), (None,), ("SM1",), ({"message_id": "SM1"},)])
def test_a_script_hears_what_makes_news(given: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="message_id, session_id and stored_at"):
        notify_reply_service(SENDER, *given)


@pytest.mark.parametrize("moment", [1_795_000_000, 1_795_000_000.5, "1795000000.5", Decimal(7)])
def test_a_script_may_give_a_moment_as_any_number(moment: Any) -> None:
    world = StreamWorld()
    assert notify_reply_service(
        SENDER, None, world.dependencies, **KEYS | {"stored_at": moment, "text": "hi"}
    ).notified
    assert world.row().notified_through == Decimal(str(moment))


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
        ({"stored_at": NOW + 62}, "^stored_at lies ahead of the clock"),
    ],
)
def test_a_script_hears_of_news_that_would_silence_the_sender(
    given: dict[str, Any], said: str
) -> None:
    """What `through` holds covers all that is stored before it."""
    world = StreamWorld()
    with pytest.raises(ValueError, match=said):
        notify_reply_service(SENDER, None, world.dependencies, **KEYS | given)
    with pytest.raises(ValueError, match=said):
        notify_reply_service(SENDER, notification(**given), world.dependencies)
    assert (world.calls, world.replies.notified) == ({}, [])


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("", "^sender_id is empty$"),
        ("whatsapp:+4915555550199", "^sender_id is not as chats have it"),
        ("1", "^sender_id is not the sender of the notification$"),
    ],
)
def test_a_script_hears_that_news_is_somebody_else_s(sender: str, said: str) -> None:
    world = StreamWorld()
    with pytest.raises(ValueError, match=said):
        notify_reply_service(sender, notification(), world.dependencies)
    assert world.calls == {}


def test_a_script_hears_that_nobody_could_be_notified() -> None:
    world = StreamWorld()
    world.fail("notifications")
    world.fail("retry_queue")
    with pytest.raises(NotHandled, match="Throttling"):
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
