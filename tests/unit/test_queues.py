"""What goes onto the queues, in how few calls, and what of it is known to have arrived."""

import json
from decimal import Decimal
from typing import Any

import pytest

from consumer.aws.sqs import SqsSender
from consumer.conversation.batch import RejectedRecord
from consumer.conversation.dead_letter_queue import SqsDeadLetterQueue
from consumer.conversation.queue_record import read_record
from consumer.notification.notification import RejectedNotification
from consumer.notification.retry_queue import MAX_DELAY_SECONDS, SqsRetryQueue, delay_seconds
from consumer.notification.retry_record import read_retry_record
from tests.support.builders import attributed, notification, queue_record, raw_record, rejected
from tests.support.scripted_aws import ScriptedAws, refused, throttled

URL = "https://sqs/queue"


def takes_all(request: dict[str, Any]) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


def takes_all_but(*numbers: str) -> Any:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        ids = [entry["Id"] for entry in request["Entries"]]
        return {
            "Successful": [{"Id": each} for each in ids if each not in numbers],
            "Failed": [{"Id": each, "Code": "InternalError"} for each in ids if each in numbers],
        }

    return answer


def batches_of(aws: ScriptedAws) -> list[list[dict[str, Any]]]:
    return [request["Entries"] for request in aws.requests("SendMessageBatch")]


def entries(count: int, size: int = 10) -> dict[str, dict[str, Any]]:
    return {f"key-{n}": {"MessageBody": "x" * size} for n in range(count)}


def test_all_calls_are_under_way_before_one_is_waited_for() -> None:
    """A queue that stays silent takes the time of one call, however many there are to send."""
    under_way: list[int] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        under_way.append(len(aws.calls))
        return takes_all(request)

    aws = ScriptedAws(*[answer] * 3)
    assert len(SqsSender(aws, print).send(URL, entries(25))) == 25
    assert under_way == [3, 3, 3]


def test_dead_letters_keep_their_order_over_several_calls() -> None:
    """Two calls under way at once might arrive in either order."""
    under_way: list[int] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        under_way.append(len(aws.calls))
        return takes_all(request)

    aws = ScriptedAws(*[answer] * 3)
    letters = [rejected(number) for number in range(25)]
    assert len(SqsDeadLetterQueue(SqsSender(aws, print), URL).quarantine(letters)) == 25
    assert under_way == [1, 2, 3]


@pytest.mark.parametrize(
    ("count", "size", "batches"),
    [
        (0, 1, []),
        (1, 1, [1]),
        (10, 1, [10]),
        (11, 1, [10, 1]),
        (25, 1, [10, 10, 5]),
        (4, 300_000, [3, 1]),
        (3, 900_000, [1, 1, 1]),
        (2, 1_100_000, [1, 1]),
    ],
)
def test_entries_go_in_as_few_calls_as_hold_them(count: int, size: int, batches: list[int]) -> None:
    aws = ScriptedAws(*[takes_all] * 5)
    assert SqsSender(aws, print).send(URL, entries(count, size)) == set(entries(count))
    assert [len(batch) for batch in batches_of(aws)] == batches


def test_size_is_counted_in_bytes() -> None:
    aws = ScriptedAws(takes_all, takes_all)
    SqsSender(aws, print).send(URL, {str(n): {"MessageBody": "ü" * 300_000} for n in range(2)})
    assert len(batches_of(aws)) == 2


def test_ids_within_a_call_are_such_as_sqs_takes() -> None:
    aws = ScriptedAws(takes_all)
    odd = {"whatsapp:+49 ü": {"MessageBody": "x"}, "b" * 200: {"MessageBody": "y"}}
    assert SqsSender(aws, print).send(URL, odd) == set(odd)
    assert [entry["Id"] for entry in batches_of(aws)[0]] == ["0", "1"]


@pytest.mark.parametrize(
    ("answer", "sent", "problem"),
    [
        (takes_all_but("1"), {"key-0", "key-2"}, "SendMessageBatch:InternalError"),
        (takes_all_but("0", "1", "2"), set(), "SendMessageBatch:InternalError"),
        (throttled(), set(), "SendMessageBatch:ThrottlingException"),
        (refused("QueueDoesNotExist"), set(), "SendMessageBatch:QueueDoesNotExist"),
        ({}, set(), None),
        ({"Successful": [{"Id": "77"}, {}], "Failed": None}, set(), None),
    ],
)
def test_only_what_sqs_says_it_has_counts_as_sent(
    answer: Any, sent: set[str], problem: str | None
) -> None:
    problems: list[str] = []
    assert SqsSender(ScriptedAws(answer), problems.append).send(URL, entries(3)) == sent
    assert set(problems) == ({problem} if problem else set())


def test_a_call_that_fails_does_not_keep_the_next_from_being_made() -> None:
    aws = ScriptedAws(throttled(), takes_all)
    assert SqsSender(aws, lambda _: None).send(URL, entries(11)) == {"key-10"}


def quarantined(*letters: RejectedRecord) -> list[dict[str, Any]]:
    aws = ScriptedAws(takes_all)
    assert SqsDeadLetterQueue(SqsSender(aws, print), URL).quarantine(letters) == {
        each.record.id for each in letters
    }
    [batch] = batches_of(aws)
    return batch


def values_of(entry: dict[str, Any]) -> dict[str, str]:
    assert {each["DataType"] for each in entry["MessageAttributes"].values()} == {"String"}
    return {name: each["StringValue"] for name, each in entry["MessageAttributes"].items()}


def test_a_quarantined_message_keeps_body_group_reason_and_place() -> None:
    [entry] = quarantined(rejected(text="no form"))
    assert (entry["MessageBody"], entry["MessageGroupId"]) == ("no form", "webhook_group")
    assert values_of(entry) == {
        "Reason": "no fields",
        "OriginalMessageId": "record-1",
        "OriginalSentTimestamp": "1795000000123",
        "OriginalSequenceNumber": "18880000000000000001",
        "OriginalMessageGroupId": "webhook_group",
        "ReceiveCount": "1",
    }


def test_what_is_quarantined_again_keeps_its_first_place_but_is_no_repetition() -> None:
    [first] = quarantined(rejected())
    again = attributed(raw_record("no form", messageId="record-9"), **values_of(first))
    [second] = quarantined(RejectedRecord(read_record(again), "no fields"))
    assert values_of(second) == values_of(first)
    assert second["MessageDeduplicationId"] != first["MessageDeduplicationId"]


@pytest.mark.parametrize("text", ["", None, 7])
def test_a_record_without_a_text_is_quarantined_with_a_word_for_it(text: object) -> None:
    record = read_record(raw_record() | {"body": text})
    [entry] = quarantined(RejectedRecord(record, "the body is not text"))
    assert entry["MessageBody"] == "(none)"


def test_a_record_without_a_group_goes_into_one_of_its_own() -> None:
    [entry] = quarantined(RejectedRecord(queue_record(MessageGroupId="", SequenceNumber=""), "x"))
    assert entry["MessageGroupId"] == "quarantine"
    assert "OriginalSequenceNumber" not in entry["MessageAttributes"]


def retry_queue(aws: ScriptedAws, chance: float = 0.0) -> SqsRetryQueue:
    return SqsRetryQueue(SqsSender(aws, print), URL, f"{URL}-dlq", lambda: chance)


def test_parked_news_holds_keys_only_and_waits() -> None:
    aws = ScriptedAws(takes_all)
    scheduled = [
        notification("a", attempt=2, stored_at=Decimal("1.5")),
        notification("b", attempt=3),
    ]
    assert retry_queue(aws).schedule(scheduled) == {"a", "b"}
    [request] = aws.requests("SendMessageBatch")
    assert request["QueueUrl"] == URL
    first, second = request["Entries"]
    assert read_retry_record({"body": first["MessageBody"]}) == notification(
        "a", attempt=2, stored_at=Decimal("1.5"), text=None
    )
    assert "hi" not in json.loads(first["MessageBody"]).values()
    assert 0 < first["DelaySeconds"] < second["DelaySeconds"]


def test_news_given_up_goes_to_the_dead_letters_with_its_reason() -> None:
    aws = ScriptedAws(takes_all)
    ended = [
        RejectedNotification("a", '{"sender_id": "a"}', "gone"),
        RejectedNotification("b", "", "empty"),
    ]
    assert retry_queue(aws).dead_letter(ended) == {"a", "b"}
    [request] = aws.requests("SendMessageBatch")
    assert request["QueueUrl"] == f"{URL}-dlq"
    assert [entry["MessageBody"] for entry in request["Entries"]] == ['{"sender_id": "a"}', "{}"]
    assert [values_of(entry)["Reason"] for entry in request["Entries"]] == ["gone", "empty"]


def test_delays_double_by_attempt_up_to_what_sqs_allows() -> None:
    longest = [delay_seconds(attempt, 1.0) for attempt in range(2, 12)]
    assert longest == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert delay_seconds(10**6, 1.0) == MAX_DELAY_SECONDS


@pytest.mark.parametrize("attempt", [1, 2, 5, 50])
def test_half_of_a_delay_is_chance(attempt: int) -> None:
    least, most = delay_seconds(attempt, 0.0), delay_seconds(attempt, 1.0)
    assert least == round(most / 2)
    assert least <= delay_seconds(attempt, 0.3) <= most
