"""What a scheduled notification takes along, and how long it waits."""

import json
from decimal import Decimal

import pytest

from consumer.aws.sqs import SqsSender
from consumer.notification.notification import RejectedNotification
from consumer.notification.retry_queue import (
    MAX_DELAY_SECONDS,
    SqsRetryQueue,
    backoff_seconds,
    whole_delay,
)
from consumer.notification.retry_record import read_retry_record
from tests.support.builders import notification
from tests.support.scripted_aws import (
    ScriptedAws,
    takes_all,
    values_of,
)

URL = "https://sqs/queue"


def retry_queue(aws: ScriptedAws) -> SqsRetryQueue:
    return SqsRetryQueue(SqsSender(aws, print), URL, f"{URL}-dlq")


def test_a_scheduled_notification_holds_keys_only_and_waits_until_it_is_due() -> None:
    aws = ScriptedAws(takes_all)
    scheduled = [
        notification("a", attempt=2, stored_at=Decimal("1.5"), wake_at=1000.5),
        notification("b", attempt=3, wake_at=3000.0),
    ]
    assert retry_queue(aws).schedule(scheduled, 990.0) == {"a", "b"}
    [request] = aws.requests("SendMessageBatch")
    assert request["QueueUrl"] == URL
    first, second = request["Entries"]
    assert read_retry_record({"body": first["MessageBody"]}) == notification(
        "a", attempt=2, stored_at=Decimal("1.5"), text=None, wake_at=1000.5
    )
    assert "hi" not in json.loads(first["MessageBody"]).values()
    assert (first["DelaySeconds"], second["DelaySeconds"]) == (11, 900)


def test_what_has_no_moment_is_due_at_once() -> None:
    aws = ScriptedAws(takes_all)
    retry_queue(aws).schedule([notification("a")], 990.0)
    [request] = aws.requests("SendMessageBatch")
    [entry] = request["Entries"]
    assert entry["DelaySeconds"] == 0


@pytest.mark.parametrize(
    ("seconds", "delay"),
    [
        (-5.0, 0),
        (0.0, 0),
        (0.001, 1),
        (1.0, 1),
        (1.2, 2),
        (899.5, 900),
        (900.0, 900),
        (1e9, MAX_DELAY_SECONDS),
    ],
)
def test_nothing_is_delayed_for_less_than_its_time_or_more_than_sqs_allows(
    seconds: float, delay: int
) -> None:
    assert whole_delay(seconds) == delay


def test_a_dead_lettered_notification_keeps_its_reason() -> None:
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


def test_backoffs_double_by_attempt_up_to_what_sqs_allows() -> None:
    longest = [backoff_seconds(attempt, 1.0) for attempt in range(2, 12)]
    assert longest == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert backoff_seconds(10**6, 1.0) == MAX_DELAY_SECONDS


@pytest.mark.parametrize("attempt", [1, 2, 5, 50])
def test_half_of_a_backoff_is_chance(attempt: int) -> None:
    least, most = backoff_seconds(attempt, 0.0), backoff_seconds(attempt, 1.0)
    assert least == most / 2
    assert least < backoff_seconds(attempt, 0.3) < most
