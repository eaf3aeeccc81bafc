"""What a reader sees of dead letters, and what is kept from a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from consumer.notification.notification import Notification
from tests.cli.dlq_fakes import FakeQueueClient, position_body
from unc.aws.queues import Depth
from unc.dlq import view
from unc.dlq.queues import DeadLetterQueue
from unc.dlq.redrive import Outcome

QUEUE = DeadLetterQueue("messages", "webhook bodies", "url", "back")
BODY = "MessageSid=SM1&WaId=4915555550101&Body=secret"


def shown(parts: Iterator[Any]) -> str:
    console = Console(file=StringIO(), width=200, soft_wrap=True)
    for part in parts:
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def listing(client: FakeQueueClient, waiting: int, in_flight: int = 0) -> view.Listing:
    return view.Listing(QUEUE, Depth(waiting, in_flight, 0), client.receive())


def test_a_list_shows_id_sender_and_reason_but_neither_text_nor_number() -> None:
    client = FakeQueueClient()
    client.put(BODY, "g", Reason="no [sender]\x1b[31m")
    said = shown(view.render_listing(listing(client, 1)))
    assert "letter-0" in said
    assert "…0101" in said
    assert "no [sender]\N{REPLACEMENT CHARACTER}[31m" in said
    assert "secret" not in said
    assert "4915555550101" not in said


def test_a_list_groups_by_reason_with_a_count_the_most_frequent_first() -> None:
    client = FakeQueueClient()
    for reason in ("no sender", "base64", "no [sender]", "base64", "base64"):
        client.put(BODY, "", Reason=reason)
    found = listing(client, 5)
    lines = [line.split() for line in shown(view.render_listing(found)).splitlines()]
    counts = [line for line in lines if line[0].isdigit()]
    assert counts == [["3", "base64"], ["1", "no", "sender"], ["1", "no", "[sender]"]]
    under_base64 = lines[lines.index(counts[0]) + 2 : lines.index(counts[1])]
    assert len(under_base64) == 3
    assert found.as_json()["reasons"] == [
        {"reason": "base64", "count": 3},
        {"reason": "no sender", "count": 1},
        {"reason": "no [sender]", "count": 1},
    ]


def test_an_empty_queue_is_one_line() -> None:
    assert shown(view.render_listing(listing(FakeQueueClient(), 0))).count("\n") == 1


def test_what_cannot_be_seen_is_said() -> None:
    client = FakeQueueClient()
    for _ in range(12):
        client.put(BODY, "g")
    said = shown(view.render_listing(listing(client, 12, in_flight=3)))
    assert "about 2 more" in said
    assert "3 out of sight" in said


@pytest.mark.parametrize("with_body", [False, True])
def test_a_letter_shows_its_body_only_on_demand(with_body: bool) -> None:
    dead_letter = FakeQueueClient().put(BODY, "g", Reason="why", OriginalMessageId="first")
    said = shown(view.render_dead_letter(dead_letter, "to its place", with_body))
    assert ("secret" in said) is with_body
    assert ("--body shows it" in said) is not with_body
    assert "first" in said
    assert "to its place" in said


def test_a_stream_position_shows_its_batch_in_time() -> None:
    dead_letter = FakeQueueClient(queue="stream").put(position_body())
    assert "5, stored from 2026-11-22" in shown(view.render_dead_letter(dead_letter, "", False))


@pytest.mark.parametrize("in_full", [False, True])
def test_senders_without_a_notification_are_named_in_full_only_on_demand(in_full: bool) -> None:
    waiting = Notification("4915555550101", "SM1", "session", Decimal(1))
    said = shown(view.render_unnotified([waiting], in_full))
    assert ("unc replay 4915555550101" in said) is in_full
    assert ("unc replay …0101" in said) is not in_full
    assert shown(view.render_unnotified([], in_full)) == ""


def test_an_outcome_names_what_stays_and_counts_the_rest() -> None:
    outcome = Outcome(3, {f"id-{n}": "why" for n in range(25)}, late=2, stopped_early=True)
    said = shown(view.render_outcome("messages", outcome))
    assert said.startswith("messages: 3 redriven\n")
    assert said.count("stays: why") == view.STAYING_SHOWN
    assert "5 more stay" in said
    assert "2 came, or came back" in said
    assert "is the cause fixed?" in said


@pytest.mark.parametrize(
    ("moved", "whole", "words"), [(0, False, "run it again"), (5, True, "still counts 3")]
)
def test_what_could_not_be_had_is_said(moved: int, whole: bool, words: str) -> None:
    """After a run that moved something the count may be an old one."""
    outcome = Outcome(moved, unseen=3)
    assert words in shown(view.render_outcome("messages", outcome))
    assert outcome.is_whole is whole


def test_a_preview_counts_what_cannot_be_seen() -> None:
    dead_letter = FakeQueueClient().put(BODY, "g")
    said = shown(view.render_preview("messages", [(dead_letter, "to its place")], 12))
    assert "12 would be redriven" in said
    assert "11 of them cannot be seen yet" in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_shown_in_its_largest_unit(seconds: float, said: str) -> None:
    assert view.show_age(seconds) == said
