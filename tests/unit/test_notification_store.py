"""The rows of `notifications` in DynamoDB: claims, their release, and what is settled."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.aws.dynamodb import DynamoDb
from consumer.notification.dynamodb_store import DynamoNotificationStore
from consumer.notification.ports import ClaimResult
from consumer.notification.state import Claim, NotificationState
from consumer.webhook.message import ChatKey
from tests.support.builders import SID, notification
from tests.support.scripted_aws import ScriptedAws, cancelled, refused, throttled

OK, FAILED = "None", "ConditionalCheckFailed"
MOMENT = Decimal("1795000000.123456")


def store(aws: ScriptedAws) -> DynamoNotificationStore:
    return DynamoNotificationStore(DynamoDb(aws), "notifications", "sessions", "chats")


def claim(sender: str) -> Claim:
    notified = notification(sender, stored_at=MOMENT, after=("failed",))
    return Claim(notified, f"token-{sender}", 1_797_000_000)


def updates_of(aws: ScriptedAws) -> list[list[dict[str, Any]]]:
    return [[action["Update"] for action in each] for each in aws.writes()]


def senders_of(aws: ScriptedAws) -> list[list[str]]:
    return [[each["Key"]["sender_id"]["S"] for each in part] for part in updates_of(aws)]


def test_a_claim_names_the_notification_the_claimer_and_the_claim_it_replaces() -> None:
    aws = ScriptedAws()
    assert store(aws).claim([claim("a"), claim("b")]) == ClaimResult(won={"a", "b"})
    [[update, _]] = updates_of(aws)
    assert (update["TableName"], update["Key"]) == ("notifications", {"sender_id": {"S": "a"}})
    assert update["ExpressionAttributeValues"] == {
        ":moment": {"N": "1795000000.123456"},
        ":token": {"S": "token-a"},
        ":message_id": {"S": SID},
        ":token0": {"S": ""},
        ":token1": {"S": "failed"},
        ":token2": {"S": "token-a"},
        ":expires_at": {"N": "1797000000"},
    }
    assert "claimed_by IN (:token0, :token1, :token2)" in update["ConditionExpression"]


@pytest.mark.parametrize(
    ("script", "claimed", "tried"),
    [
        (
            [cancelled(OK, FAILED, OK), {}],
            ClaimResult({"a", "c"}, {"b"}),
            [["a", "b", "c"], ["a", "c"]],
        ),
        ([cancelled(FAILED, FAILED, FAILED)], ClaimResult(lost={"a", "b", "c"}), [["a", "b", "c"]]),
        (
            [cancelled(OK, "TransactionConflict", OK), {}],
            ClaimResult({"a", "c"}, problems=["write:TransactionConflict"]),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [cancelled(OK, FAILED, OK), cancelled(FAILED, OK)],
            ClaimResult(lost={"a", "b"}),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [cancelled(OK, FAILED, OK), throttled()],
            ClaimResult(lost={"b"}, problems=["write:ThrottlingException"]),
            [["a", "b", "c"], ["a", "c"]],
        ),
        (
            [throttled()],
            ClaimResult(problems=["write:ThrottlingException"]),
            [["a", "b", "c"]],
        ),
        (
            [refused("ValidationException")],
            ClaimResult(problems=["write:ValidationException"]),
            [["a", "b", "c"]],
        ),
        (
            [cancelled(OK)],
            ClaimResult(problems=["write:TransactionCanceledException"]),
            [["a", "b", "c"]],
        ),
    ],
)
def test_claims_are_won_lost_or_open_by_what_the_table_says(
    script: list[Any], claimed: ClaimResult, tried: list[list[str]]
) -> None:
    aws = ScriptedAws(*script)
    assert store(aws).claim([claim("a"), claim("b"), claim("c")]) == claimed
    assert senders_of(aws) == tried


def test_more_than_a_hundred_claims_take_another_transaction() -> None:
    aws = ScriptedAws()
    claims = [claim(f"sender-{n:03d}") for n in range(250)]
    assert store(aws).claim(claims).won == {each.notification.sender_id for each in claims}
    assert [len(part) for part in updates_of(aws)] == [100, 100, 50]


def test_a_claim_that_still_stands_is_released() -> None:
    aws = ScriptedAws(cancelled(OK, FAILED), {})
    assert store(aws).release([claim("a"), claim("b")]) == {"a", "b"}
    update = updates_of(aws)[0][0]
    assert update["UpdateExpression"] == "SET claimed_by = :nobody"
    assert update["ConditionExpression"] == "claimed_by = :token"
    assert update["ExpressionAttributeValues"][":nobody"] == {"S": ""}


def test_what_is_settled_never_moves_back() -> None:
    aws = ScriptedAws(cancelled(OK, FAILED), {})
    assert store(aws).settle({"a": MOMENT, "b": MOMENT}) == {"a", "b"}
    update = updates_of(aws)[0][0]
    assert update["UpdateExpression"] == "SET through = :moment"
    assert update["ConditionExpression"] == "attribute_not_exists(through) OR through < :moment"


def test_what_could_not_be_settled_is_left_out() -> None:
    assert store(ScriptedAws(throttled())).settle({"a": MOMENT}) == set()


ROW = {
    "sender_id": {"S": "a"},
    "claimed": {"N": "2.5"},
    "claimed_by": {"S": "somebody"},
    "message_id": {"S": SID},
    "through": {"N": "1.5"},
}
TEXT = {
    "sender_id": {"S": "a"},
    "message_id": {"S": "SM1"},
    "content": {"M": {"text": {"S": "hi"}}},
}


def test_rows_sessions_and_texts_are_read_consistently_in_one_call() -> None:
    found = {"notifications": [ROW], "chats": [TEXT], "sessions": [{"session_id": {"S": "s1"}}]}
    aws = ScriptedAws({"Responses": found})
    keys = [ChatKey("a", "SM1"), ChatKey("a", "SM2")]
    reads = store(aws).read(["s1", "s2"], ["a", "b"], keys)
    notified = NotificationState(Decimal("2.5"), "somebody", Decimal("1.5"), SID)
    assert reads.notifications == {"a": notified, "b": None}
    assert reads.texts == {keys[0]: "hi", keys[1]: None}
    assert reads.sessions.keys() == {"s1", "s2"}
    assert reads.sessions["s2"] is None
    [request] = aws.requests("BatchGetItem")
    assert all(asked["ConsistentRead"] for asked in request["RequestItems"].values())


@pytest.mark.parametrize(
    ("row", "notification"),
    [
        ({"sender_id": {"S": "a"}}, NotificationState()),
        (
            {"sender_id": {"S": "a"}, "through": {"N": "1"}},
            NotificationState(notified_through=Decimal(1)),
        ),
    ],
)
def test_a_row_may_lack_what_nobody_has_written_yet(
    row: dict[str, Any], notification: NotificationState
) -> None:
    aws = ScriptedAws({"Responses": {"notifications": [row]}})
    assert store(aws).read([], ["a"], []).notifications == {"a": notification}


@pytest.mark.parametrize("limit", [{"N": "1795000000"}, {"BOOL": True}, {"M": {}}])
def test_a_limit_of_another_type_is_unreadable_rather_than_absent(limit: dict[str, Any]) -> None:
    item = {"session_id": {"S": "s1"}, "user_limited_until": limit}
    aws = ScriptedAws({"Responses": {"sessions": [item]}})
    found = store(aws).read(["s1"], [], []).sessions["s1"]
    assert found is not None
    assert found.user_limited_until


@pytest.mark.parametrize("limit", [{"NULL": True}, {"S": ""}])
def test_a_null_or_empty_limit_is_none(limit: dict[str, Any]) -> None:
    item = {"session_id": {"S": "s1"}, "user_limited_until": limit}
    aws = ScriptedAws({"Responses": {"sessions": [item]}})
    found = store(aws).read(["s1"], [], []).sessions["s1"]
    assert found is not None
    assert found.user_limited_until is None


@pytest.mark.parametrize(
    ("error", "is_rejected"), [(throttled(), False), (refused("ResourceNotFoundException"), True)]
)
def test_a_table_that_will_never_answer_says_so(error: Exception, is_rejected: bool) -> None:
    reads = store(ScriptedAws(error)).read([], ["a"], [])
    assert (reads.notifications, reads.is_rejected) == ({}, is_rejected)
