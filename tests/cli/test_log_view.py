"""What `unc up` shows of the log: failures and what helps, each once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from unc.aws.logs import Line
from unc.local.log_view import LOOKS_A_READING, LogView

SENDER = "4915555550199"
SID = f"SM{1:032d}"


def event(message: str, **fields: Any) -> Line:
    entry = {"message": message, "message_id": SID, "sender": "…0199", **fields}
    return Line("f", 1_795_000_000_000, "", json.dumps(entry))


def lines_of(*events: Line, shows_posts: bool = True, knows: bool = True) -> list[str]:
    view = LogView(lambda: list(events), shows_posts)
    if knows:
        view.learn([{"message_id": SID, "sender_id": SENDER, "created_at": Decimal(1)}])
    return [line for _ in range(LOOKS_A_READING) for line in view.read()]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (event("post ended", reason="Http200"), ["notified"]),
        (
            event("notification dead-lettered", reason="rejected: Http422"),
            ["dead", "Http422", "docs/reply-service.md", "unc dlq redrive"],
        ),
        (
            event("notification scheduled for retry", reason="unauthorized: Http401"),
            ["retry", "Http401", "INTELLIGENCE_API_SECRET"],
        ),
        (
            event("reply outcome is looked up", until="2026-11-26T02:00:00+00:00"),
            ["unknown", "looked up at"],
        ),
        (event("message limited", until="2026-11-26T02:00:00+00:00"), ["limited", "until"]),
        (event("message quarantined", reason="no sender"), ["no sender", "unc dlq list"]),
    ],
)
def test_an_event_is_one_line_with_its_sender_and_what_helps(said: Line, words: list[str]) -> None:
    [line] = lines_of(said)
    assert all(word in line for word in [SENDER, *words])


def test_a_failed_post_is_shown_by_what_follows_from_it() -> None:
    ended = event("post ended", reason="NoAnswer:TimeoutError")
    [line] = lines_of(ended, event("reply outcome is looked up"))
    assert "NoAnswer:TimeoutError" in line
    assert "nobody knows" in line


def test_the_stand_in_tells_of_its_own_posts() -> None:
    assert lines_of(event("post ended", reason="Http200"), shows_posts=False) == []


def test_a_sender_who_is_not_known_stays_masked() -> None:
    [line] = lines_of(event("message opted out"), knows=False)
    assert "…0199" in line


@pytest.mark.parametrize("event_name", ["reply secret unavailable", "reply secret is short"])
def test_trouble_with_the_secret_is_shown(event_name: str) -> None:
    [line] = lines_of(event(event_name))
    assert event_name in line


@pytest.mark.parametrize("name", ["message stored", "message notified", "notifications handled"])
def test_what_goes_well_is_seen_in_the_tables(name: str) -> None:
    assert lines_of(event(name)) == []


def test_what_was_there_before_is_passed_over() -> None:
    given = [[event("message opted out")]]
    view = LogView(lambda: given.pop() if given else [], shows_posts=True)
    view.forget()
    assert [line for _ in range(LOOKS_A_READING) for line in view.read()] == []
