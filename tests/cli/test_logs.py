"""Log lines as a person reads them."""

from __future__ import annotations

import json

import pytest

from unc.aws.logs import Line, Wanted, event_id, parse_entry, render_line
from unc.commands.logs import read_wanted
from unc.errors import BadInput


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


def is_wanted(wanted: Wanted, **entry: str) -> bool:
    return wanted.has(Line("f", 0, "id", json.dumps({"message": "m", **entry})))


@pytest.mark.parametrize(
    ("level", "of_line", "shows"),
    [
        ("DEBUG", "DEBUG", True),
        ("WARNING", "INFO", False),
        ("WARNING", "WARNING", True),
        ("WARNING", "ERROR", True),
        ("ERROR", "WARNING", False),
    ],
)
def test_a_level_leaves_out_what_is_below(level: str, of_line: str, shows: bool) -> None:
    assert is_wanted(Wanted(level=level), level=of_line) == shows


def test_what_is_no_event_may_be_a_crash_and_passes_every_level() -> None:
    crash = Line("f", 0, "id", "Task timed out after 30 seconds")
    assert Wanted(level="ERROR").has(crash)
    assert not Wanted(id="SM1").has(crash)


def test_a_sender_is_found_by_what_the_log_shows_of_one() -> None:
    wanted = read_wanted(None, False, "+49 155 5555 0199", None)
    assert is_wanted(wanted, sender="…0199")
    assert not is_wanted(wanted, sender="…0198")
    assert not is_wanted(wanted)


@pytest.mark.parametrize("field", ["message_id", "session_id", "record_id", "request_id"])
def test_any_id_can_be_followed(field: str) -> None:
    wanted = read_wanted(None, False, None, "the-id")
    assert is_wanted(wanted, **{field: "the-id"})
    assert not is_wanted(wanted, **{field: "another"})


def test_errors_are_warnings_and_above() -> None:
    assert read_wanted(None, True, None, None) == Wanted(level="WARNING")
    assert read_wanted("error", False, None, None) == Wanted(level="ERROR")


@pytest.mark.parametrize(
    ("level", "errors", "sender"), [("LOUD", False, None), ("INFO", True, None), (None, False, " ")]
)
def test_options_that_make_no_sense_are_refused(
    level: str | None, errors: bool, sender: str | None
) -> None:
    with pytest.raises(BadInput):
        read_wanted(level, errors, sender, None)
