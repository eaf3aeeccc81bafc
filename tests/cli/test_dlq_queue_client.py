"""The doors to SQS: how calls are packed, and what their answers mean."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from consumer.aws.sqs import MAX_BATCH_BYTES
from tests.cli.dlq_fakes import FakeQueueClient
from unc.aws.resources import Resources
from unc.dlq.progress import DEAD_LETTERS_PER_LINE, LineEverySoOften
from unc.dlq.queue_client import SqsBatchSender, SqsQueueClient
from unc.dlq.queues import DeadLetterQueue, choose_queues
from unc.dlq.redrive import server_ms
from unc.errors import BadInput

QUEUE = DeadLetterQueue("messages", "bodies", "dlq", "queue")


class FakeSqs:
    """Records calls; refuses the entries with the numbers given."""

    def __init__(self, refused: set[str] | None = None) -> None:
        self.refused = refused or set()
        self.calls: list[dict[str, Any]] = []

    def answer(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        ids = [entry["Id"] for entry in call["Entries"]]
        failed = [{"Id": id, "Code": "TooLong", "Message": "too long"} for id in ids]
        return {
            "Successful": [{"Id": id, "MessageId": id} for id in ids if id not in self.refused],
            "Failed": [each for each in failed if each["Id"] in self.refused],
        }

    send_message_batch = delete_message_batch = answer

    def change_message_visibility_batch(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def entries(count: int, size: int = 10) -> list[Any]:
    return [{"MessageBody": "x" * size} for _ in range(count)]


def test_entries_go_ten_a_call_in_order() -> None:
    sqs = FakeSqs()
    assert SqsBatchSender(SimpleNamespace(sqs=sqs), "queue").send(entries(23)) == {}  # type: ignore[arg-type]
    sent = [[entry["Id"] for entry in call["Entries"]] for call in sqs.calls]
    assert [len(part) for part in sent] == [10, 10, 3]
    assert [id for part in sent for id in part] == [str(number) for number in range(23)]


def test_large_entries_go_in_more_calls_and_the_largest_goes_alone() -> None:
    sqs = FakeSqs()
    fourth = MAX_BATCH_BYTES // 4
    large = [*entries(4, fourth), *entries(1, MAX_BATCH_BYTES + 1)]
    SqsBatchSender(SimpleNamespace(sqs=sqs), "queue").send(large)  # type: ignore[arg-type]
    assert [len(call["Entries"]) for call in sqs.calls] == [3, 1, 1]


def test_what_the_queue_refuses_is_named_by_its_place() -> None:
    batch_sender = SqsBatchSender(SimpleNamespace(sqs=FakeSqs({"1", "12"})), "queue")  # type: ignore[arg-type]
    assert batch_sender.send(entries(15)) == {1: "too long", 12: "too long"}


def test_a_letter_that_could_not_be_deleted_is_not_reported_gone() -> None:
    client = SqsQueueClient(SimpleNamespace(sqs=FakeSqs({"1"})), QUEUE)  # type: ignore[arg-type]
    fake = FakeQueueClient()
    dead_letters = [fake.put("x") for _ in range(3)]
    assert client.remove(dead_letters) == {dead_letters[0].id, dead_letters[2].id}


def test_giving_back_covers_up_no_other_error() -> None:
    """The dead letters show again by themselves."""
    client = SqsQueueClient(SimpleNamespace(sqs=FakeSqs()), QUEUE)  # type: ignore[arg-type]
    client.release([FakeQueueClient().put("x")])


def test_the_start_of_a_run_is_read_from_the_queue_s_clock() -> None:
    headers = {"date": "Sun, 22 Nov 2026 15:27:27 GMT"}
    answer = {"ResponseMetadata": {"HTTPHeaders": headers}}
    aws = SimpleNamespace(sqs=SimpleNamespace(get_queue_attributes=lambda **_: answer))
    assert server_ms(aws, "queue") == 1_795_361_247_000  # type: ignore[arg-type]


def test_queues_are_chosen_by_name() -> None:
    names = {name: name for name in Resources.__dataclass_fields__}
    resources = Resources(**names)
    assert [one.name for one in choose_queues(resources, None)] == ["messages", "replies", "stream"]
    [replies] = choose_queues(resources, "replies")
    assert (replies.url, replies.back_to) == ("reply_dead_letter_queue", "reply_retry_queue")
    with pytest.raises(BadInput, match="no dead-letter queue nonsense"):
        choose_queues(resources, "nonsense")


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    tell = LineEverySoOften("messages", 2_000)
    for count in (
        7,
        DEAD_LETTERS_PER_LINE - 1,
        DEAD_LETTERS_PER_LINE + 3,
        2 * DEAD_LETTERS_PER_LINE + 3,
    ):
        tell(count)
    assert capsys.readouterr().err.count("of about 2000 redriven") == 2
