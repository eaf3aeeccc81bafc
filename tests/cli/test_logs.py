"""Log lines as a person reads them."""

from __future__ import annotations

import json

import pytest

from unc.aws.logs import Line, event_id, parse_entry, render_line


def render(text: str) -> str:
    return render_line(Line("unc-queue-lambda", 0, "id", text))


def test_an_event_shows_its_fact_and_its_own_fields() -> None:
    entry = {"level": "INFO", "message": "session opened", "request_id": "r", "stored": 3}
    line = render(json.dumps(entry))
    assert "session opened" in line
    assert "stored=3" in line
    assert "request_id" not in line


def test_what_only_metrics_need_is_left_out() -> None:
    assert "CloudWatch" not in render(json.dumps({"message": "m", "_aws": {"CloudWatch": 1}}))


@pytest.mark.parametrize("text", ["plain words", "[1, 2]", "{broken"])
def test_what_is_no_event_stands_as_it_is(text: str) -> None:
    assert parse_entry(text) is None
    assert text.replace("[", "\\[") in render(text) or text in render(text)


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render("\x1b[31mred")


def test_an_event_without_an_id_still_has_one() -> None:
    event = {"logStreamName": "s", "timestamp": 1, "message": "m"}
    assert event_id(event) == event_id(dict(event))  # type: ignore[arg-type]
    assert event_id(event) != event_id({**event, "timestamp": 2})  # type: ignore[typeddict-item]
