"""Log lines: one JSON object each, without personal data, whatever is put into them."""

import io
import json
from collections import namedtuple
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import NotStored
from consumer.masking import mask
from logger_setup import Logger, get_logger, set_request_id
from tests.support.builders import body, message, notification, queue_record

NUMBER = "+4915555550101"


def line_of(level: str = "info", event: str = "session opened", **fields: Any) -> str:
    """What one call writes."""
    stream = io.StringIO()
    getattr(Logger("test", stream), level)(event, **fields)
    return stream.getvalue()


def entry_of(level: str = "info", event: str = "session opened", **fields: Any) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(line_of(level, event, **fields))
    return entry


class Stubborn:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Odd(dict[str, Any]):
    """A mapping that cannot be walked through."""

    def items(self) -> NoReturn:
        raise RuntimeError("no")


@dataclass
class Note:
    text: str


Pair = namedtuple("Pair", "left right")


def test_a_line_is_one_object_with_the_fixed_keys_and_the_fields() -> None:
    line = line_of(session_id="session-1", count=2)
    assert line.endswith("}\n") and line.count("\n") == 1
    entry = json.loads(line)
    assert (entry["level"], entry["message"]) == ("INFO", "session opened")
    assert entry["service"] == "unc-consumer"
    assert datetime.fromisoformat(entry["timestamp"]).tzinfo == UTC
    assert (entry["session_id"], entry["count"], entry["logger"]) == ("session-1", 2, "test")


def test_a_logger_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("queue_function").info("session opened")
    assert json.loads(capsys.readouterr().out)["logger"] == "queue_function"


def test_lines_carry_the_id_of_their_invocation() -> None:
    set_request_id("request-1")
    named = entry_of()["request_id"]
    set_request_id(None)
    assert (named, entry_of()["request_id"]) == ("request-1", None)


LEVELS = ["debug", "info", "warning", "error"]


@pytest.mark.parametrize(
    ("least", "written"),
    [
        (None, LEVELS[1:]),
        ("DEBUG", LEVELS),
        (" warning ", LEVELS[2:]),
        ("ERROR", LEVELS[3:]),
        ("WARN", LEVELS[2:]),
        ("Critical", LEVELS[3:]),
        ("FATAL", LEVELS[3:]),
        ("LOUD", LEVELS[1:]),
        ("", LEVELS[1:]),
    ],
)
def test_log_level_decides_what_is_written(
    monkeypatch: pytest.MonkeyPatch, least: str | None, written: list[str]
) -> None:
    if least is not None:
        monkeypatch.setenv("LOG_LEVEL", least)
    assert [level for level in LEVELS if line_of(level)] == written


def test_metrics_are_written_at_any_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    stream = io.StringIO()
    Logger("test", stream).measure("batch handled", {"Stored": 3})
    assert json.loads(stream.getvalue())["Stored"] == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.50"), "1.50"),
        (None, None),
        (True, True),
        (1.5, 1.5),
        (-7, -7),
        (1_795_000_000.25, 1_795_000_000.25),
        (4915555550101, "…0101"),
        ([4915555550101.0], ["…0101"]),
        ([10**5000], ["<int>"]),
        ({"deep": [10**5000], "b": 1}, {"deep": ["<int>"], "b": 1}),
        (Odd(a=1), "<Odd>"),
        ({Stubborn(): 1}, {"<Stubborn>": 1}),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (b"secret bytes", "<12 bytes>"),
        (bytearray(b"xy"), "<2 bytes>"),
        ((1, "a"), [1, "a"]),
        ({"b": {1: None}}, {"b": {"1": None}}),
        (frozenset({"x"}), ["x"]),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (Stubborn(), "<Stubborn>"),
        (Pair(1, 2), [1, 2]),
        ("\ud800", "?"),
        ([[[[[[[["deep"]]]]]]]], [[[[[["<nested>"]]]]]]),
    ],
)
def test_anything_can_be_a_field(value: Any, shown: Any) -> None:
    assert entry_of(value=value)["value"] == shown


def test_a_value_that_contains_itself_can_be_a_field() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "<nested>" in line_of(value=endless)


@pytest.mark.parametrize("name", ["level", "message", "timestamp", "self", "event", "fields"])
def test_a_field_may_have_any_name_and_hides_no_fixed_key(name: str) -> None:
    stream = io.StringIO()
    Logger("test", stream).info("session opened", **{name: 1})
    entry = json.loads(stream.getvalue())
    assert (entry["level"], entry["message"]) == ("INFO", "session opened")


@pytest.mark.parametrize("level", LEVELS[1:])
def test_arguments_for_a_format_are_dropped(level: str) -> None:
    stream = io.StringIO()
    getattr(Logger("test", stream), level)("session %s", NUMBER, 2, count=1)
    entry = json.loads(stream.getvalue())
    assert (entry["message"], entry["count"]) == ("session %s", 1)


@pytest.mark.parametrize("number", [1_795_000_000, 1_795_000_000_000.0])
def test_measures_are_written_unchanged(number: float) -> None:
    stream = io.StringIO()
    Logger("test", stream).measure("handled", {"Waits": [number], "_aws": {"Timestamp": number}})
    entry = json.loads(stream.getvalue())
    assert (entry["Waits"], entry["_aws"]) == ([number], {"Timestamp": number})


@pytest.mark.parametrize("event", ["latest contest stored", "sent 4915555550101", "test"])
@pytest.mark.parametrize("secret", ["test", "latest contest stored"])
def test_event_and_field_names_are_written_unchanged(
    monkeypatch: pytest.MonkeyPatch, event: str, secret: str
) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", secret)
    entry = entry_of(event=event, **{event: 1})
    assert (entry["message"], entry[event]) == (event, 1)


def test_a_long_text_is_cut() -> None:
    assert len(entry_of(value="x" * 100_000)["value"]) == 2000


class Broken(io.StringIO):
    """A stream that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_broken_stream_costs_the_line_only(capsys: pytest.CaptureFixture[str]) -> None:
    Logger("test", Broken()).info("session opened")
    entry = json.loads(capsys.readouterr().out)
    assert entry["message"] == "a log line could not be written"
    assert entry.keys() == entry_of().keys()


def test_even_standard_output_may_be_gone() -> None:
    with redirect_stdout(Broken()):
        get_logger("test").info("session opened")


@pytest.mark.parametrize(
    ("address", "masked"),
    [("4915555550101", "…0101"), ("whatsapp:US.ABCD", "…ABCD"), ("1234", "…"), ("", "…")],
)
def test_a_mask_leaves_the_last_four(address: str, masked: str) -> None:
    assert mask(address) == masked


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        "4915555550101",
        f"whatsapp:{NUMBER}",
        f"no session for {NUMBER}, sorry",
        f"({NUMBER})",
        "https://wa.me/4915555550101?x",
        "From=whatsapp%3A%2B4915555550101&x",
        "From=%2b4915555550101",
        "WaId=4915555550101",
        '{"wa": "4915555550101"}',
        "tel-4915555550101",
        "x4915555550101",
        "4915555550101-x",
    ],
)
def test_a_phone_number_is_masked_wherever_it_stands(text: str) -> None:
    for line in (line_of(value=text), line_of(value={text: [text]}), line_of(sender=text)):
        assert "…0101" in line
        assert "5555" not in line


def test_a_phone_number_is_masked_as_a_decimal_too() -> None:
    assert entry_of(value=Decimal(4915555550101))["value"] == "…0101"


@pytest.mark.parametrize(
    "text",
    [
        "SM01234567890123456789012345678901",
        "SM0a1234567890bf123456789012345678",
        "11111111-2222-4333-8444-555555555555",
        "[11111111-2222-4333-8444-555555555555]",
        "2026-01-02T03:04:05.123456+00:00",
        "2026-01-02 03:04:05+00:00",
        "18880000000000000001",
        "123456",
        "123456789",
    ],
)
def test_ids_and_times_are_shown(text: str) -> None:
    assert entry_of(value=text)["value"] == text


@pytest.mark.parametrize(
    "value",
    [
        queue_record(body(Body="my+words")),
        message(Body="my words"),
        notification(text="my words"),
        Note("my words"),
        [Note("my words")],
        ValueError("my words"),
        {"cause": KeyError("my words")},
    ],
)
def test_no_object_shows_somebodys_words(value: Any) -> None:
    line = line_of(value=value)
    assert "words" not in line
    assert "could not be written" not in line


def test_an_exception_shows_its_type_and_where_it_arose() -> None:
    try:
        int("my words")
    except ValueError as error:
        shown = entry_of("error", error=error)["error"]
    assert shown["type"] == "ValueError"
    assert shown["at"][-1].startswith("test_logger.py:")


def test_an_error_of_our_own_shows_its_text_but_no_number() -> None:
    shown = entry_of("error", error=NotStored(["SM1"], [f"Query:{NUMBER}"]))["error"]
    assert shown["message"] == "1 message(s) not stored: Query:+…0101"


SECRETS = [
    "s3cret-of-16-char",
    'qu"ote\\-and-more-of-it',
    "pässwörd-ß-pässwörd",
    "1234567890123456",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("level", LEVELS)
def test_the_secret_never_shows(monkeypatch: pytest.MonkeyPatch, secret: str, level: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", f" {secret} ")
    nested = {secret: [f"({secret})"], "error": NotStored([], [secret])}
    entry = entry_of(level, value=nested, header=f"header was {secret}", cut="x" * 1998 + secret)
    assert secret not in json.dumps(entry, ensure_ascii=False)
    assert json.dumps(secret)[1:-1] not in json.dumps(entry)
    assert entry["value"]["[hidden]"] == ["([hidden])"]
    assert entry["header"] == "header was [hidden]"
    assert entry["cut"] == "x" * 1998 + "[hidden]"[:2]


@pytest.mark.parametrize("secret", ["1", "test", "level", "15-characters.."])
def test_a_short_secret_changes_no_line(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", secret)
    assert entry_of(value=f"latest {secret}")["value"] == f"latest {secret}"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.text(), st.dictionaries(st.text(), json_like))
def test_no_line_is_ever_lost(event: str, fields: dict[str, Any]) -> None:
    assert entry_of(event=event, value=fields)["level"] == "INFO"
    stream = io.StringIO()
    Logger("test", stream).error(event, **fields)
    assert json.loads(stream.getvalue())["level"] == "ERROR"


@given(
    st.from_regex(r"\+?[1-9][0-9]{9,14}", fullmatch=True),
    st.sampled_from(["", " ", ":", ",", "/", "-", "x", "."]),
)
def test_no_whole_number_survives(number: str, around: str) -> None:
    assert number.lstrip("+") not in line_of(value=f"{around}{number}{around}").replace("…", "")
