"""Entries go to a queue in few calls; what is known to have arrived."""

from typing import Any

import pytest

from consumer.aws.sqs import SqsSender
from tests.support.scripted_aws import ScriptedAws, batches_of, refused, takes_all, throttled

URL = "https://sqs/queue"


def takes_all_but(*numbers: str) -> Any:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        ids = [entry["Id"] for entry in request["Entries"]]
        return {
            "Successful": [{"Id": each} for each in ids if each not in numbers],
            "Failed": [{"Id": each, "Code": "InternalError"} for each in ids if each in numbers],
        }

    return answer


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
