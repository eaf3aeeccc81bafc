"""A dead letter tells what it can, and keeps to itself what nobody asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.dlq_fakes import NOW_MS, FakeQueueClient
from unc.dlq import queues
from unc.dlq.dead_letter import MOVED_BY_SQS, read_dead_letter

BODY = "MessageSid=SM1&WaId=4915555550101&From=whatsapp%3A%2B4915555550101&Body=my+secret"
RETRY = '{"sender_id":"4915555550101","message_id":"SM1","session_id":"s","stored_at":"1"}'


@pytest.mark.parametrize(("queue", "body"), [("messages", BODY), ("replies", RETRY)])
def test_sender_and_message_are_read_from_the_body(queue: str, body: str) -> None:
    dead_letter = FakeQueueClient(queue=queue).put(body)
    assert dead_letter.sender == "…0101"
    assert dead_letter.facts.message_id == "SM1"


@pytest.mark.parametrize("queue", queues.NAMES)
@given(body=st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_body_can_be_read(queue: str, body: str) -> None:
    dead_letter = read_dead_letter(queue, {"MessageId": "1", "Body": body})
    assert dead_letter.reason
    assert dead_letter.identity
    json.dumps(dead_letter.as_json())


def test_a_letter_without_anything_can_be_read() -> None:
    dead_letter = read_dead_letter("messages", {})
    assert (dead_letter.sent_ms, dead_letter.original_sent_ms, dead_letter.sender) == (0, 0, "")


def test_a_blank_id_is_the_beginning_of_no_letter_s() -> None:
    dead_letter = read_dead_letter("messages", {"MessageId": "m-1"})
    assert dead_letter.has_id("m-")
    assert not dead_letter.has_id("")


def test_the_reason_is_the_function_s_or_lambda_s_or_says_that_there_is_none() -> None:
    client = FakeQueueClient()
    assert client.put("x", "g", Reason="no sender").reason == "no sender"
    assert client.put("x", "g").reason == MOVED_BY_SQS
    stream = FakeQueueClient(queue="stream")
    record = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "responseContext": {"functionError": "Unhandled"},
    }
    assert stream.put(json.dumps(record)).reason == "RetryAttemptsExhausted: Unhandled"


def test_the_first_place_wins_over_the_envelope_s() -> None:
    client = FakeQueueClient()
    place = {
        "OriginalMessageId": "first",
        "OriginalSentTimestamp": "1794000000123",
        "OriginalSequenceNumber": "42",
        "OriginalMessageGroupId": "anna",
    }
    dead_letter = client.put("x", "quarantine", **place)
    assert dead_letter.sent_ms == NOW_MS
    assert dead_letter.original_sent_ms == 1_794_000_000_123
    assert (dead_letter.original_id, dead_letter.original_sequence, dead_letter.group) == (
        "first",
        "42",
        "anna",
    )


def test_an_odd_first_time_is_passed_over() -> None:
    assert FakeQueueClient().put("x", "g", OriginalSentTimestamp="soon").original_sent_ms == NOW_MS


@pytest.mark.parametrize("shown", ["json", "repr"])
@pytest.mark.parametrize(("queue", "body"), [("messages", BODY), ("replies", RETRY)])
def test_text_and_number_show_only_on_demand(queue: str, body: str, shown: str) -> None:
    dead_letter = FakeQueueClient(queue=queue).put(body, "4915555550101")
    quiet = (
        json.dumps(dead_letter.as_json())
        if shown == "json"
        else repr(dead_letter.facts) + dead_letter.sender
    )
    if shown == "json":
        assert "secret" not in quiet
        assert "4915555550101" not in quiet
    assert body not in repr(dead_letter)
    assert dead_letter.as_json(with_body=True)["body"] == body
