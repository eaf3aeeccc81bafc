"""Sessions and chats in DynamoDB: the requests, and how answers are read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from consumer.aws.attribute_values import to_item
from consumer.aws.dynamodb import DynamoDb
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.ports import SenderWrite, WriteResult
from consumer.conversation.session import Session
from consumer.errors import Refused
from consumer.webhook.message import ChatKey, InboundMessage
from tests.support.builders import SENDER, message, session
from tests.support.scripted_aws import ScriptedAws, cancelled, refused, throttled

STORED_AT = Decimal("1795000000.5")
KB = 1024


def store(aws: ScriptedAws) -> DynamoConversationStore:
    return DynamoConversationStore(DynamoDb(aws), "chats", "sessions")


def unit(count: int, name: str = "a", opens: bool = False, **fields: str | None) -> SenderWrite:
    messages = [message(n, sender=name, **fields) for n in range(count)]
    return SenderWrite(session(f"session-{name}", sender_id=name), opens, messages)


def write(aws: ScriptedAws, *units: SenderWrite) -> WriteResult:
    return store(aws).write(units, STORED_AT)


def tables_of(aws: ScriptedAws) -> list[list[str]]:
    """Into which tables each transaction put items, in order."""
    return [[action["Put"]["TableName"] for action in each] for each in aws.writes()]


def keys(units: Sequence[SenderWrite]) -> set[ChatKey]:
    return {each.key for unit in units for each in unit.messages}


def row(found: Session) -> dict[str, Any]:
    values = {"session_id": found.session_id, "sender_id": found.sender_id}
    return to_item(values | {"status": found.status, "created_at": found.created_at})


def test_a_batch_of_many_senders_is_one_transaction_that_opens_before_it_stores() -> None:
    aws, units = ScriptedAws(), [unit(2, "a", opens=True), unit(1, "b")]
    written = write(aws, *units)
    assert tables_of(aws) == [["sessions", "chats", "chats", "chats"]]
    assert (written.stored, written.opened) == (keys(units), {"session-a"})
    assert not (written.present or written.existing or written.refused or written.problems)


def test_no_row_that_exists_is_ever_changed() -> None:
    aws = ScriptedAws()
    write(aws, unit(1, opens=True))
    [actions] = aws.writes()
    opening, chat = (action["Put"] for action in actions)
    assert opening["ConditionExpression"] == "attribute_not_exists(session_id)"
    assert opening["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert opening["Item"] == {
        "session_id": {"S": "session-a"},
        "sender_id": {"S": "a"},
        "status": {"S": "active"},
        "created_at": {"N": "1"},
    }
    assert chat["ConditionExpression"] == "attribute_not_exists(sender_id)"
    assert chat["Item"]["session_id"] == {"S": "session-a"}
    assert chat["Item"]["stored_at"] == {"N": "1795000000.5"}


@pytest.mark.parametrize(
    ("units", "actions"),
    [
        ([unit(100)], [100]),
        ([unit(101)], [100, 1]),
        ([unit(150, opens=True)], [100, 51]),
        ([unit(40, "a"), unit(40, "b"), unit(40, "c")], [80, 40]),
        ([unit(99, "a", opens=True), unit(1, "b")], [100, 1]),
        ([unit(0, opens=True)], [1]),
        ([unit(12, Body="x" * 380 * KB)], [8, 4]),
        ([unit(5, "a", Body="x" * 380 * KB), unit(5, "b", Body="x" * 380 * KB)], [5, 5]),
        ([unit(12, MessageType="x" * 380 * KB)], [8, 4]),
        ([], []),
    ],
)
def test_a_transaction_holds_a_hundred_items_and_three_and_a_half_megabytes(
    units: list[SenderWrite], actions: list[int]
) -> None:
    aws = ScriptedAws()
    assert write(aws, *units).stored == keys(units)
    assert [len(each) for each in tables_of(aws)] == actions


OK, FAILED = "None", "ConditionalCheckFailed"


def test_what_follows_a_failed_part_of_a_conversation_is_held_back() -> None:
    first, second, other = unit(150, "a", opens=True).messages, unit(60, "b"), unit(60, "c")
    aws = ScriptedAws(cancelled(OK, FAILED, *[OK] * 98))
    written = write(aws, SenderWrite(session("session-a"), True, first), second, other)
    assert [len(each) for each in tables_of(aws)] == [100, 60, 60]
    assert (written.stored, written.problems) == (keys([second, other]), [])


def test_after_a_part_of_which_nothing_is_known_the_time_is_looked_at_first() -> None:
    """It may have been waited for; each of many more parts might be, too."""
    aws = ScriptedAws(throttled())
    written = write(aws, unit(60, "a"), unit(60, "b"), unit(60, "c"))
    assert [len(each) for each in tables_of(aws)] == [60]
    assert (written.stored, written.problems) == (set(), ["write:ThrottlingException"])


def messages_of(part: SenderWrite, *numbers: int) -> set[ChatKey]:
    return {part.messages[n].key for n in numbers}


PAIR = unit(2, opens=True)
THERE = session("session-a", sender_id="a", status="completed", created_at=Decimal(7))


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (cancelled(FAILED, OK, OK, item0=row(THERE)), WriteResult(existing={"session-a": THERE})),
        (cancelled(FAILED, OK, OK), WriteResult()),
        (cancelled(OK, FAILED, OK), WriteResult(present=messages_of(PAIR, 0))),
        (
            cancelled(FAILED, FAILED, FAILED, item0=row(THERE)),
            WriteResult(existing={"session-a": THERE}, present=messages_of(PAIR, 0, 1)),
        ),
        (
            cancelled(OK, FAILED, "TransactionConflict"),
            WriteResult(present=messages_of(PAIR, 0), problems=["write:TransactionConflict"]),
        ),
        (
            cancelled("TransactionConflict", OK, OK),
            WriteResult(problems=["write:TransactionConflict"]),
        ),
        (
            cancelled(OK, "ThrottlingError", "ProvisionedThroughputExceeded"),
            WriteResult(
                problems=[
                    "write:ThrottlingError",
                    "write:ProvisionedThroughputExceeded",
                ]
            ),
        ),
        (
            cancelled(OK, "ValidationError", OK),
            WriteResult(
                refused={"session-a": "ValidationError"},
                problems=["write:ValidationError"],
            ),
        ),
        (
            cancelled("ValidationError", OK, OK),
            WriteResult(
                refused={"session-a": "ValidationError"},
                problems=["write:ValidationError"],
            ),
        ),
        (cancelled(OK, OK), WriteResult(problems=["write:TransactionCanceledException"])),
        (throttled(), WriteResult(problems=["write:ThrottlingException"])),
        (
            refused("ValidationException"),
            WriteResult(
                refused={"session-a": "ValidationException"},
                problems=["write:ValidationException"],
            ),
        ),
        *(
            (
                refused(code),
                WriteResult(refused={"session-a": code}, problems=[f"write:{code}"]),
            )
            for code in ("SerializationException", "Http413")
        ),
        (
            cancelled(OK, "TransactionConflict", OK),
            WriteResult(problems=["write:TransactionConflict"]),
        ),
        (
            refused("AccessDeniedException"),
            WriteResult(problems=["write:AccessDeniedException"], is_rejected=True),
        ),
    ],
)
def test_a_write_that_fails_tells_no_more_than_the_answer_does(
    answer: Exception, written: WriteResult
) -> None:
    assert write(ScriptedAws(answer), PAIR) == written


def test_a_request_declined_as_a_whole_condemns_nobody_of_many() -> None:
    written = write(ScriptedAws(refused("ValidationException")), unit(1, "a"), unit(1, "b"))
    assert written == WriteResult(problems=["write:ValidationException"])


def test_a_session_of_the_reply_service_is_read_as_it_is() -> None:
    item = row(THERE) | {
        "user_limited_until": {"S": "2026-11-18T11:06:41"},
        "extra": {"NULL": True},
    }
    written = write(ScriptedAws(cancelled(FAILED, OK, OK, item0=item)), PAIR)
    assert written.existing["session-a"].user_limited_until == "2026-11-18T11:06:41"


def test_the_newest_session_is_read_whatever_its_status() -> None:
    aws = ScriptedAws({"Items": [row(THERE)]}, {"Items": []})
    known = store(aws).read(["a", "b"], [], [])
    assert known.newest == {"a": THERE, "b": None}
    assert aws.requests("Query")[0] == {
        "TableName": "sessions",
        "IndexName": "SenderSessionsIndex",
        "KeyConditionExpression": "sender_id = :sender_id",
        "ExpressionAttributeValues": {":sender_id": {"S": "a"}},
        "ScanIndexForward": False,
        "Limit": 1,
    }


def rows_for(*present: str) -> Any:
    """Answers a BatchGetItem as if only rows of these ids were there."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {
            "Responses": {
                table: [
                    key for key in read["Keys"] if set(present) & {v["S"] for v in key.values()}
                ]
                for table, read in request["RequestItems"].items()
            }
        }

    return answer


def test_chats_and_sessions_are_read_consistently_in_one_call() -> None:
    aws = ScriptedAws(rows_for("SM1", "session-1"))
    chats = [ChatKey(SENDER, "SM1"), ChatKey(SENDER, "SM2"), ChatKey(SENDER, "SM1")]
    known = store(aws).read([], chats, ["session-1", "session-2"])
    assert known.stored == {ChatKey(SENDER, "SM1"): True, ChatKey(SENDER, "SM2"): False}
    assert known.sessions["session-2"] is None
    assert known.sessions["session-1"] is not None
    [request] = aws.requests("BatchGetItem")
    assert all(read["ConsistentRead"] for read in request["RequestItems"].values())
    assert len(request["RequestItems"]["chats"]["Keys"]) == 2


def test_more_than_a_hundred_keys_take_another_call() -> None:
    aws = ScriptedAws(rows_for(), rows_for(), rows_for())
    chats = [ChatKey(SENDER, f"SM{n}") for n in range(250)]
    assert len(store(aws).read([], chats, []).stored) == 250
    sizes = [len(each["RequestItems"]["chats"]["Keys"]) for each in aws.requests("BatchGetItem")]
    assert sizes == [100, 100, 50]


def test_what_was_left_unprocessed_stays_unknown() -> None:
    left = {"chats": {"Keys": [{"sender_id": {"S": SENDER}, "message_id": {"S": "SM2"}}]}}
    aws = ScriptedAws({"Responses": {"chats": []}, "UnprocessedKeys": left})
    known = store(aws).read([], [ChatKey(SENDER, "SM1"), ChatKey(SENDER, "SM2")], [])
    assert known.stored == {ChatKey(SENDER, "SM1"): False}
    assert known.problems == ["BatchGetItem:UnprocessedKeys"]


@pytest.mark.parametrize("failure", [throttled(), refused("AccessDeniedException")])
def test_what_could_not_be_read_stays_unknown(failure: Any) -> None:
    known = store(ScriptedAws(failure, failure)).read(["a"], [ChatKey("a", "SM1")], ["s"])
    assert not (known.newest or known.stored or known.sessions)
    assert known.problems == [f"Query:{failure.code}", f"BatchGetItem:{failure.code}"]
    assert known.is_rejected is isinstance(failure, Refused)


@pytest.mark.parametrize("script", [[refused("X"), {"Items": []}], [{"Items": []}, refused("X")]])
def test_either_read_may_say_that_asking_is_in_vain(script: list[Any]) -> None:
    assert store(ScriptedAws(*script)).read(["a"], [ChatKey("a", "SM1")], []).is_rejected


def test_after_a_declined_transaction_no_other_is_tried() -> None:
    aws = ScriptedAws(refused("ResourceNotFoundException"))
    written = write(aws, unit(60, "a"), unit(60, "b"))
    assert (len(aws.calls), written.is_rejected, written.stored) == (1, True, set())


def test_one_sender_who_cannot_be_read_costs_the_others_nothing() -> None:
    known = store(ScriptedAws(throttled(), {"Items": []})).read(["a", "b"], [], [])
    assert known.newest == {"b": None}


def test_reading_nothing_makes_no_call() -> None:
    aws = ScriptedAws()
    store(aws).read([], [], [])
    assert aws.calls == []


def test_a_message_is_written_as_the_tables_readers_expect() -> None:
    aws = ScriptedAws()
    sent: InboundMessage = message(1, Latitude="1.5")
    write(aws, SenderWrite(session(), False, [sent]))
    item = aws.writes()[0][0]["Put"]["Item"]
    assert item["created_at"] == {"N": str(sent.created_at)}
    assert item["content"]["M"]["location"] == {"M": {"latitude": {"N": "1.5"}}}
    assert item["chat_type"] == {"S": "inbound"}


def test_a_single_message_is_put_without_a_transaction_which_would_cost_twice() -> None:
    aws = ScriptedAws()
    assert write(aws, unit(1)).stored == keys([unit(1)])
    assert [name for name, _ in aws.calls] == ["PutItem"]


@pytest.mark.parametrize(
    ("error", "written"),
    [
        (refused("ConditionalCheckFailedException"), WriteResult(present=keys([unit(1)]))),
        (
            refused("ValidationException"),
            WriteResult(refused={unit(1).session.session_id: "ValidationException"}),
        ),
        (throttled(), WriteResult(problems=["write:ThrottlingException"])),
    ],
)
def test_a_single_put_says_what_a_transaction_would(error: Exception, written: WriteResult) -> None:
    aws = ScriptedAws(error)
    notified = write(aws, unit(1))
    assert (notified.present, notified.refused, notified.stored) == (
        written.present,
        written.refused,
        set(),
    )
