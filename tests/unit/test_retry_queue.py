"""What a scheduled notification takes along, and how long it waits."""

import json
from decimal import Decimal

import pytest

from consumer.aws.sqs import SqsSender
from consumer.notification.notification import RejectedNotification
from consumer.notification.retry_queue import MAX_DELAY_SECONDS, SqsRetryQueue, delay_seconds
from consumer.notification.retry_record import read_retry_record
from tests.support.builders import notification
from tests.support.scripted_aws import (
    ScriptedAws,
    takes_all,
    values_of,
)

URL = "https://sqs/queue"


def retry_queue(aws: ScriptedAws, chance: float = 0.0) -> SqsRetryQueue:
    return SqsRetryQueue(SqsSender(aws, print), URL, f"{URL}-dlq", lambda: chance)


def test_a_scheduled_notification_holds_keys_only_and_waits() -> None:
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


def test_delays_double_by_attempt_up_to_what_sqs_allows() -> None:
    longest = [delay_seconds(attempt, 1.0) for attempt in range(2, 12)]
    assert longest == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert delay_seconds(10**6, 1.0) == MAX_DELAY_SECONDS


@pytest.mark.parametrize("attempt", [1, 2, 5, 50])
def test_half_of_a_delay_is_chance(attempt: int) -> None:
    least, most = delay_seconds(attempt, 0.0), delay_seconds(attempt, 1.0)
    assert least == round(most / 2)
    assert least <= delay_seconds(attempt, 0.3) <= most
