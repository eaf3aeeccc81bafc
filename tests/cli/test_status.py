"""`unc status`: figures from cheap reads, and until when messages in flight stay out of sight."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from rich.console import Console

from unc.aws.queues import Depth, read_depth
from unc.aws.session import Aws
from unc.aws.status import Status
from unc.commands.status import render_status
from unc.messages.figures import Figures, read_figures

NOW = 1_795_000_000.0


@pytest.fixture
def logs(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.logs) as stub:
        yield stub
        stub.assert_no_pending_responses()


def event(message: str, id: str, **fields: Any) -> dict[str, Any]:
    return {"message": json.dumps({"message": message, "message_id": id, **fields})}


def answer(stub: Stubber, *events: dict[str, Any], **more: str) -> None:
    stub.add_response("filter_log_events", {"events": list(events), **more})


def figures_of(aws: Aws) -> Figures:
    return read_figures(aws, "unc-dynamo-lambda", NOW)


def test_messages_are_counted_by_what_became_of_them(aws: Aws, logs: Stubber) -> None:
    """A message that is limited twice, or tried again twice, is one message."""
    again = "notification scheduled for retry"
    answer(
        logs,
        event("message notified", "1"),
        event("message limited", "2", reason=None),
        event("message limited", "2", reason=None),
        event("message limited", "7", reason="paused"),
        event("reply outcome is looked up", "3"),
        event(again, "4", reason="cannot deliver now: Http503"),
        event(again, "4", reason="cannot deliver now: Http503"),
        event("notification dead-lettered", "5", reason="rejected: Http404"),
        event("some other line", "6"),
        {"message": "no event"},
    )
    found = figures_of(aws)
    assert found.counts == {
        "notified": 1,
        "unknown outcomes": 1,
        "limited": 1,
        "to be tried again": 1,
        "dead letters": 1,
        "not handled": 0,
        "paused": 1,
    }
    assert found.codes == {"Http503": 2, "Http404": 1}
    assert not found.is_partial


def test_the_log_of_ten_minutes_is_asked_for_these_events_only(aws: Aws, logs: Stubber) -> None:
    asked = {
        "logGroupName": "/aws/lambda/unc-dynamo-lambda",
        "startTime": int(1000 * (NOW - 600)),
        "filterPattern": ANY,
    }
    logs.add_response("filter_log_events", {"events": []}, asked)
    assert sum(figures_of(aws).counts.values()) == 0


def test_a_log_with_more_pages_than_are_read_counts_the_least(aws: Aws, logs: Stubber) -> None:
    for page in range(11):
        answer(logs, event("message notified", str(page)), nextToken=str(page))
    found = figures_of(aws)
    assert (found.counts["notified"], found.is_partial) == (10, True)


def test_a_function_that_never_ran_has_nothing_to_count(aws: Aws, logs: Stubber) -> None:
    logs.add_client_error("filter_log_events", "ResourceNotFoundException")
    found = figures_of(aws)
    assert (set(found.counts.values()), found.is_readable) == ({0}, True)


def test_a_log_that_nobody_may_read_is_not_counted_as_empty(aws: Aws, logs: Stubber) -> None:
    logs.add_client_error("filter_log_events", "AccessDeniedException")
    found = figures_of(aws)
    assert (found.counts, found.is_readable) == ({}, False)
    assert "the log cannot be read" in rendered(Depth(0, 0, 0), found)


def test_a_queue_says_how_long_its_messages_stay_out_of_sight(aws: Aws) -> None:
    with Stubber(aws.sqs) as stub:
        found = {"ApproximateNumberOfMessagesNotVisible": "2", "VisibilityTimeout": "180"}
        stub.add_response("get_queue_attributes", {"Attributes": found})
        assert read_depth(aws, "http://127.0.0.1:1/q") == Depth(0, 2, 0, 180)


def rendered(depth: Depth, figures: Figures) -> str:
    console = Console(width=160, record=True, file=io.StringIO())
    for part in render_status(Status("here", {"messages": depth}, {}, []), figures, NOW):
        console.print(part)
    return console.export_text()


def test_messages_in_flight_say_until_when() -> None:
    nothing = Figures(10, {}, {})
    assert "in flight; what a killed process held shows again by" in rendered(
        Depth(0, 2, 0, 180), nothing
    )
    assert "shows again" not in rendered(Depth(3, 0, 0, 180), nothing)


def test_codes_say_what_they_mean() -> None:
    text = rendered(Depth(0, 0, 0), Figures(10, {"dead letters": 2}, {"Http404": 2}, True))
    assert "2 times Http404: the reply service does not know the address" in text
    assert "at least so many" in text
