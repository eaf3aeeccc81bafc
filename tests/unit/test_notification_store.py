"""The rows of `notifications` in DynamoDB, and the reads that go with them."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.aws.attribute_values import to_item
from consumer.aws.dynamodb import DynamoDb
from consumer.notification.dynamodb_store import DynamoNotificationStore
from consumer.notification.ports import NotificationQuery, NotificationReads, SaveResult
from consumer.notification.state import (
    ROW_LIFETIME_SECONDS,
    NotificationState,
    Pending,
    StateChange,
    Turn,
)
from consumer.webhook.message import ChatKey
from tests.support.builders import SENDER, SID, notification, stream_record
from tests.support.scripted_aws import ScriptedAws, cancelled, refused, throttled

OK, FAILED = "None", "ConditionalCheckFailed"
MOMENT = Decimal("1795000000.123456")


def store(aws: ScriptedAws) -> DynamoNotificationStore:
    return DynamoNotificationStore(DynamoDb(aws), "notifications", "sessions", "chats")


def change(sender: str, before: str = "before", **after: Any) -> StateChange:
    return StateChange(sender, before, NotificationState(f"after-{sender}", **after))


def puts_of(aws: ScriptedAws) -> list[list[dict[str, Any]]]:
    return [[action["Put"] for action in each] for each in aws.writes()]


def senders_of(aws: ScriptedAws) -> list[list[str]]:
    return [[each["Item"]["sender_id"]["S"] for each in part] for part in puts_of(aws)]


def item_of(state: NotificationState) -> dict[str, Any]:
    """The row as it is written."""
    aws = ScriptedAws()
    store(aws).save([StateChange(SENDER, "before", state)])
    [[put]] = puts_of(aws)
    item: dict[str, Any] = put["Item"]
    return item


def state_read(item: dict[str, Any]) -> NotificationState:
    """What is read of such a row."""
    aws = ScriptedAws({"Responses": {"notifications": [{"sender_id": {"S": SENDER}} | item]}})
    return store(aws).read(NotificationQuery(states=[SENDER])).states[SENDER]


def stored_message(number: int, attempt: int = 1) -> Any:
    return notification(
        message_id=f"SM{number}",
        stored_at=MOMENT + number,
        attempt=attempt,
        text=None,
        text_id=f"SM{number - 1}",
    )


FULL = NotificationState(
    "revision",
    MOMENT,
    Turn(stored_message(3, attempt=2), "token", 1_795_000_003.25, 1_795_000_028.25),
    Pending(stored_message(5), MOMENT + 4),
    1_795_000_118.25,
    1_795_000_002.125,
)


def test_one_change_alone_is_a_put_on_condition_of_the_revision_that_was_read() -> None:
    aws = ScriptedAws()
    assert store(aws).save([change("a")]) == SaveResult(saved={"a"})
    [request] = aws.requests("PutItem")
    assert request["TableName"] == "notifications"
    assert request["ConditionExpression"] == "revision IN (:before, :own)"
    values = {":before": {"S": "before"}, ":own": {"S": "after-a"}}
    assert request["ExpressionAttributeValues"] == values


def test_a_row_that_was_not_there_or_had_no_revision_still_has_none() -> None:
    aws = ScriptedAws()
    store(aws).save([change("a", before="")])
    [request] = aws.requests("PutItem")
    condition = "attribute_not_exists(revision) OR revision = :own"
    assert request["ConditionExpression"] == condition
    assert request["ExpressionAttributeValues"] == {":own": {"S": "after-a"}}


@pytest.mark.parametrize("state", [FULL, NotificationState("revision")])
def test_a_row_is_read_as_it_was_written(state: NotificationState) -> None:
    assert state_read(item_of(state)) == state


def test_a_row_holds_no_words() -> None:
    claimed = notification(text="secret words", text_id=SID)
    item = item_of(NotificationState("revision", turn=Turn(claimed, "token", 1.0, 2.0)))
    assert "secret words" not in str(item)


@pytest.mark.parametrize(
    ("state", "last"),
    [
        (NotificationState("r", notified_through=MOMENT), 1_795_000_000),
        (NotificationState("r", MOMENT, wake_at=1_795_000_500.5), 1_795_000_500),
        (NotificationState("r", MOMENT, turn_ended_at=1_795_000_400.5), 1_795_000_400),
        (FULL, 1_795_000_118),
    ],
)
def test_a_row_outlives_every_record_about_it(state: NotificationState, last: int) -> None:
    assert item_of(state)["expires_at"] == {"N": str(last + ROW_LIFETIME_SECONDS)}


def test_moments_of_clocks_are_written_to_the_millisecond() -> None:
    """More digits than DynamoDB holds would be refused."""
    item = item_of(NotificationState("r", wake_at=1_795_000_000 + 1 / 3))
    assert item["wake_at"] == {"N": "1795000000.333"}


OLD = {
    "claimed": {"N": "1795000002.5"},
    "claimed_by": {"S": "somebody"},
    "message_id": {"S": SID},
    "through": {"N": "1795000001.5"},
    "expires_at": {"N": str(1_795_000_003 + 30 * 86_400)},
}


def test_a_claim_of_the_version_before_is_a_turn_whose_outcome_is_unknown() -> None:
    claimed = notification(
        message_id=SID, session_id="", stored_at=Decimal("1795000002.5"), text=None
    )
    turn = Turn(claimed, "somebody", 1_795_000_003.0, 1_795_000_093.0)
    assert state_read(OLD) == NotificationState(notified_through=Decimal("1795000001.5"), turn=turn)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({}, NotificationState()),
        ({"through": {"N": "1"}}, NotificationState(notified_through=Decimal(1))),
        (
            OLD | {"claimed_by": {"S": ""}},
            NotificationState(notified_through=Decimal("1795000001.5")),
        ),
        (
            OLD | {"through": OLD["claimed"]},
            NotificationState(notified_through=Decimal("1795000002.5")),
        ),
    ],
)
def test_a_row_of_the_version_before_may_have_no_turn(
    row: dict[str, Any], state: NotificationState
) -> None:
    """Nobody has claimed, the claim was given back, or it was settled."""
    assert state_read(row) == state


@pytest.mark.parametrize(
    ("script", "saved", "tried"),
    [
        ([{}], SaveResult({"a", "b", "c"}), [["a", "b", "c"]]),
        (
            [cancelled(OK, FAILED, OK), {}],
            SaveResult({"a", "c"}, {"b"}),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [cancelled(FAILED, FAILED, FAILED)],
            SaveResult(conflicts={"a", "b", "c"}),
            [["a", "b", "c"]],
        ),
        (
            [cancelled(OK, "TransactionConflict", OK), {}],
            SaveResult({"a", "c"}, problems=["write:TransactionConflict"]),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [cancelled(OK, FAILED, OK), cancelled(FAILED, OK)],
            SaveResult(conflicts={"a", "b"}),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [cancelled(OK, FAILED, OK), throttled()],
            SaveResult(conflicts={"b"}, problems=["write:ThrottlingException"]),
            [["a", "b", "c"], ["a", "c"]],
        ),
        ([throttled()], SaveResult(problems=["write:ThrottlingException"]), [["a", "b", "c"]]),
        (
            [refused("ValidationException")],
            SaveResult(problems=["write:ValidationException"]),
            [["a", "b", "c"]],
        ),
        (
            [cancelled(OK)],
            SaveResult(problems=["write:TransactionCanceledException"]),
            [["a", "b", "c"]],
        ),
    ],
)
def test_changes_are_saved_conflict_or_stay_open_by_what_the_table_says(
    script: list[Any], saved: SaveResult, tried: list[list[str]]
) -> None:
    """What only others' failures held up is tried again."""
    aws = ScriptedAws(*script)
    assert store(aws).save([change("a"), change("b"), change("c")]) == saved
    assert senders_of(aws) == tried


def test_a_change_alone_conflicts_when_its_condition_fails() -> None:
    aws = ScriptedAws(refused("ConditionalCheckFailedException"))
    assert store(aws).save([change("a")]) == SaveResult(conflicts={"a"})
    assert len(aws.calls) == 1


def test_more_than_a_hundred_changes_take_another_transaction() -> None:
    aws = ScriptedAws()
    changes = [change(f"sender-{n:03d}") for n in range(250)]
    assert store(aws).save(changes).saved == {each.sender_id for each in changes}
    assert [len(part) for part in puts_of(aws)] == [100, 100, 50]


TEXT = {
    "sender_id": {"S": "a"},
    "message_id": {"S": "SM1"},
    "content": {"M": {"text": {"S": "hi"}}},
}


def test_rows_sessions_and_texts_are_read_consistently_in_one_call() -> None:
    row = item_of(FULL) | {"sender_id": {"S": "a"}}
    found = {"notifications": [row], "chats": [TEXT], "sessions": [{"session_id": {"S": "s1"}}]}
    aws = ScriptedAws({"Responses": found})
    keys = [ChatKey("a", "SM1"), ChatKey("a", "SM2")]
    query = NotificationQuery(states=["a", "b"], sessions=["s1", "s2"], texts=[*keys, keys[0]])
    reads = store(aws).read(query)
    assert reads.states["a"].revision == "revision"
    assert reads.states["b"] == NotificationState()
    assert reads.texts == {keys[0]: "hi", keys[1]: None}
    assert reads.sessions.keys() == {"s1", "s2"}
    assert reads.sessions["s2"] is None
    [request] = aws.requests("BatchGetItem")
    assert all(asked["ConsistentRead"] for asked in request["RequestItems"].values())
    assert len(aws.calls) == 1


def session_item(session_id: str = "s1", **values: Any) -> dict[str, Any]:
    return to_item({"session_id": session_id, "sender_id": "a", "created_at": 5, **values})


def test_the_newest_messages_and_session_are_read_from_the_indexes() -> None:
    image = stream_record()["dynamodb"]["NewImage"]
    outbound = image | {"chat_type": {"S": "outbound"}}
    aws = ScriptedAws({"Items": [outbound, image]}, {"Items": [session_item()]})
    reads = store(aws).read(NotificationQuery(newest=["a"]))
    assert [each.message_id for each in reads.newest["a"]] == [SID]
    current = reads.current_sessions["a"]
    assert current is not None
    assert current.session_id == "s1"
    chats, sessions = aws.requests("Query")
    assert (chats["IndexName"], chats["ScanIndexForward"]) == ("SenderTimeIndex", False)
    assert (sessions["IndexName"], sessions["Limit"]) == ("SenderSessionsIndex", 1)


def test_of_a_sender_without_chats_or_sessions_there_is_nothing_newest() -> None:
    reads = store(ScriptedAws({"Items": []}, {})).read(NotificationQuery(newest=["a"]))
    assert (reads.newest, reads.current_sessions) == ({"a": []}, {"a": None})


LIMIT = "2026-11-18T12:00:00"
REPLY = {"message_id": {"S": "uuid"}}


@pytest.mark.parametrize(
    ("replies", "session", "is_there"),
    [
        ([], None, False),
        ([REPLY], None, True),
        ([], session_item(user_limited_until=LIMIT, updated_at=100), True),
        ([], session_item(user_limited_until=LIMIT, updated_at=99), False),
        ([], session_item(user_limited_until=LIMIT, created_at=100), True),
        ([], session_item(user_limited_until=LIMIT, created_at=99), False),
        ([], session_item(updated_at=100), False),
        ([], session_item(user_limited_until=LIMIT, updated_at="1970-01-01T00:01:40"), True),
        ([], session_item(user_limited_until=LIMIT, updated_at="1970-01-01T00:01:39Z"), False),
        ([], session_item(user_limited_until=LIMIT, paused_until=LIMIT, updated_at=100), False),
        ([], session_item(user_limited_until=LIMIT, paused_until="other", updated_at=100), True),
    ],
)
def test_a_reply_or_a_limit_since_then_is_evidence_and_their_lack_absence(
    replies: list[Any], session: dict[str, Any] | None, is_there: bool
) -> None:
    found = [session] if session else []
    aws = ScriptedAws({"Items": replies}, {"Items": found})
    reads = store(aws).read(NotificationQuery(evidence={"a": 100.0}))
    assert (reads.evidence, reads.absence) == ({"a": is_there}, {})
    read_again = {"Responses": {"sessions": found}}
    aws = ScriptedAws({"Items": replies}, {"Items": found}, read_again)
    reads = store(aws).read(NotificationQuery(absence={"a": 100.0}))
    assert (reads.evidence, reads.absence) == ({}, {"a": not is_there})


def test_evidence_is_read_from_the_indexes_by_sender() -> None:
    aws = ScriptedAws()
    store(aws).read(NotificationQuery(evidence={"a": 100.0}))
    chats, sessions = aws.requests("Query")
    assert (chats["IndexName"], chats["FilterExpression"]) == (
        "SenderTimeIndex",
        "chat_type = :outbound",
    )
    assert chats["KeyConditionExpression"].endswith("created_at >= :since")
    assert chats["ExpressionAttributeValues"] == {
        ":sender_id": {"S": "a"},
        ":outbound": {"S": "outbound"},
        ":since": {"N": "100"},
    }
    assert (sessions["IndexName"], sessions["Limit"]) == ("SenderSessionsIndex", 5)


def test_absence_is_read_consistently_through_all_pages() -> None:
    more = {"Items": [], "LastEvaluatedKey": {"sender_id": {"S": "a"}}}
    known = {"Items": [session_item()]}
    limited = session_item(user_limited_until=LIMIT, updated_at=100)
    aws = ScriptedAws(more, {"Items": []}, known, {"Responses": {"sessions": [limited]}})
    assert store(aws).read(NotificationQuery(absence={"a": 100.0})).absence == {"a": False}
    first, second, _ = aws.requests("Query")
    assert first["ConsistentRead"] and "IndexName" not in first
    assert second["ExclusiveStartKey"] == more["LastEvaluatedKey"]
    [rows] = aws.requests("BatchGetItem")
    assert rows["RequestItems"]["sessions"]["ConsistentRead"]


def test_absence_stays_unknown_while_a_session_could_not_be_read() -> None:
    keys = [{"session_id": {"S": "s1"}}]
    unread = {"UnprocessedKeys": {"sessions": {"Keys": keys}}}
    aws = ScriptedAws({"Items": []}, {"Items": [session_item()]}, unread)
    reads = store(aws).read(NotificationQuery(absence={"a": 100.0}))
    assert reads.absence == {}
    assert reads.problems == ["Query:BatchGetItem:UnprocessedKeys"]


def test_a_query_that_fails_leaves_the_others_reads() -> None:
    aws = ScriptedAws({"Responses": {}}, throttled(), {}, {}, {})
    reads = store(aws).read(NotificationQuery(states=["a"], newest=["a", "b"]))
    assert (reads.states.keys(), reads.newest.keys()) == ({"a"}, {"b"})
    assert not reads.is_rejected


@pytest.mark.parametrize("limit", [{"N": "1795000000"}, {"BOOL": True}, {"M": {}}])
def test_a_limit_of_another_type_is_unreadable_rather_than_absent(limit: dict[str, Any]) -> None:
    item = {"session_id": {"S": "s1"}, "user_limited_until": limit}
    aws = ScriptedAws({"Responses": {"sessions": [item]}})
    found = store(aws).read(NotificationQuery(sessions=["s1"])).sessions["s1"]
    assert found is not None
    assert found.user_limited_until


@pytest.mark.parametrize("limit", [{"NULL": True}, {"S": ""}])
def test_a_null_or_empty_limit_is_none(limit: dict[str, Any]) -> None:
    item = {"session_id": {"S": "s1"}, "user_limited_until": limit}
    aws = ScriptedAws({"Responses": {"sessions": [item]}})
    found = store(aws).read(NotificationQuery(sessions=["s1"])).sessions["s1"]
    assert found is not None
    assert found.user_limited_until is None


@pytest.mark.parametrize(
    ("error", "is_rejected"), [(throttled(), False), (refused("ResourceNotFoundException"), True)]
)
@pytest.mark.parametrize(
    "query",
    [
        NotificationQuery(states=["a"]),
        NotificationQuery(newest=["a"]),
        NotificationQuery(evidence={"a": 1.0}),
        NotificationQuery(absence={"a": 1.0}),
    ],
)
def test_a_table_that_will_never_answer_says_so(
    query: NotificationQuery, error: Exception, is_rejected: bool
) -> None:
    reads = store(ScriptedAws(error, error)).read(query)
    assert reads == NotificationReads(problems=reads.problems, is_rejected=is_rejected)
    assert reads.problems
