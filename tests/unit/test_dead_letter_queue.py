"""What a quarantined body takes along to the dead-letter queue."""

from typing import Any

import pytest

from consumer.aws.sqs import SqsSender
from consumer.conversation.batch import RejectedRecord
from consumer.conversation.dead_letter_queue import SqsDeadLetterQueue
from consumer.conversation.queue_record import read_record
from tests.support.builders import attributed, queue_record, raw_record, rejected
from tests.support.scripted_aws import ScriptedAws, batches_of, takes_all, values_of

URL = "https://sqs/queue"


def quarantined(*letters: RejectedRecord) -> list[dict[str, Any]]:
    aws = ScriptedAws(takes_all)
    assert SqsDeadLetterQueue(SqsSender(aws, print), URL).quarantine(letters) == {
        each.record.id for each in letters
    }
    [batch] = batches_of(aws)
    return batch


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


@pytest.mark.parametrize(("spare", "has_attributes"), [(2048, True), (64, False), (0, False)])
def test_a_body_as_long_as_sqs_allows_goes_without_what_does_not_fit(
    spare: int, has_attributes: bool
) -> None:
    [entry] = quarantined(rejected(text="x" * (1024 * 1024 - spare)))
    assert bool(entry["MessageAttributes"]) is has_attributes
