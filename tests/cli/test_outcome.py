"""What the log says has become of a message, in the words of `unc send` and `unc up`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from unc.aws.logs import Line
from unc.messages.outcome import Outcome, OutcomeLog
from unc.messages.post_code import explain_code, find_code

UNTIL = "2026-11-26T02:00:00.000+00:00"


def line(message: str, id: str = "SM1", **fields: Any) -> Line:
    return Line("f", 1, "", json.dumps({"message": message, "message_id": id, **fields}))


def outcome_of(*lines: Line, id: str = "SM1") -> Outcome | None:
    log = OutcomeLog(lambda: list(lines))
    log.look()
    return log.of(id)


REJECTED = "the reply service rejected it: Http422"


@pytest.mark.parametrize(
    ("said", "word", "is_over", "is_failure"),
    [
        (line("notification dead-lettered", reason=REJECTED), "✗ Http422", True, True),
        (
            line("notification scheduled for retry", reason="cannot deliver now: Http503"),
            "✗ Http503",
            False,
            True,
        ),
        (
            line("notification scheduled for retry", reason="unauthorized: Http401"),
            "✗ Http401",
            True,
            True,
        ),
        (
            line("notification scheduled for retry", reason="cannot deliver: SecretUnavailable"),
            "✗ SecretUnavailable",
            True,
            True,
        ),
        (line("reply outcome is looked up", until=UNTIL), "? unknown", False, True),
        (line("reply outcome unknown"), "? unknown", True, True),
        (line("message limited", until=UNTIL), "limited", False, True),
        (line("message limited", until=UNTIL, reason="paused"), "paused", False, True),
        (line("message opted out"), "opted out", True, False),
        (line("message deleted before it was notified"), "deleted", True, True),
        (line("message waits for its turn", until=UNTIL), "waits", False, False),
    ],
)
def test_an_event_says_what_became_of_a_message(
    said: Line, word: str, is_over: bool, is_failure: bool
) -> None:
    found = outcome_of(said)
    assert found is not None
    assert (found.word, found.is_over, found.is_failure) == (word, is_over, is_failure)


@pytest.mark.parametrize("event", ["message notified", "message covered"])
def test_what_was_notified_in_the_end_has_no_outcome_of_its_own(event: str) -> None:
    assert outcome_of(line("notification scheduled for retry"), line(event)) is None


def test_an_unknown_outcome_names_how_the_post_ended_and_when_it_is_looked_up() -> None:
    ended = line("post ended", reason="NoAnswer:TimeoutError")
    found = outcome_of(ended, line("reply outcome is looked up", until=UNTIL))
    assert found is not None
    assert (found.reason, found.until) == ("NoAnswer:TimeoutError", 1795658400.0)


def test_a_newer_message_stands_for_the_one_that_it_covers() -> None:
    covered = line("message covered by a newer one", newer_id="SM2")
    found = outcome_of(covered, line("notification dead-lettered", "SM2", reason=REJECTED))
    assert found is not None
    assert found.word == "✗ Http422"


def test_messages_that_name_each_other_come_to_an_end() -> None:
    first = line("message covered by a newer one", newer_id="SM2")
    assert outcome_of(first, line("message covered by a newer one", "SM2", newer_id="SM1")) is None


@pytest.mark.parametrize("text", ["START", "[]", "null"])
def test_a_line_that_is_no_event_says_nothing(text: str) -> None:
    assert outcome_of(Line("f", 1, "", text)) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("Http401", "INTELLIGENCE_API_SECRET"),
        ("Http302", "redirects"),
        ("Http404", "path"),
        ("Http422", "docs/reply-service.md"),
        ("Http429", "no more for now"),
        ("Http503", "its own log"),
        ("Http504", "nobody knows"),
        ("NotSent:gaierror", "nothing could be reached"),
        ("NoAnswer:TimeoutError", "nobody knows"),
        ("SecretUnavailable", "cannot be read"),
    ],
)
def test_a_code_says_what_it_means_and_what_to_look_at(code: str, words: str) -> None:
    assert find_code(f"given up after 3 attempts: {code}") == code
    assert words in explain_code(code)


def test_a_reason_without_a_code_has_none() -> None:
    assert find_code("out of time") == ""
    assert explain_code("Http200") == explain_code("") == ""
