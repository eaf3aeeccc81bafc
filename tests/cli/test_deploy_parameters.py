"""Settings of a deployment: from the environment, from --set, and refused where they are none."""

import pytest

from unc.deploy.parameters import VARIABLES, check_parameters, read_setting, wished_parameters
from unc.errors import BadInput
from unc.takeover.boundary import ALL, NONE, read_notified_until


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_without_settings_the_template_decides() -> None:
    assert wished_parameters([]) == {}


@pytest.mark.parametrize(("variable", "parameter"), VARIABLES.items())
def test_a_variable_sets_its_parameter(
    monkeypatch: pytest.MonkeyPatch, variable: str, parameter: str
) -> None:
    monkeypatch.setenv(variable, "mine.fifo")
    assert wished_parameters([]) == {parameter: "mine.fifo"}


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_CHAT_TABLE", "")
    assert wished_parameters([]) == {}


@pytest.mark.parametrize("name", ["inbox", "inbox.fifo"])
def test_the_queue_is_named_with_or_without_its_ending(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("QUEUE_NAME", name)
    assert wished_parameters([]) == {"QueueName": "inbox.fifo"}


def test_a_setting_wins_over_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_CHAT_TABLE", "one")
    assert wished_parameters(["ChatTableName=two", "LogLevel=DEBUG"]) == {
        "ChatTableName": "two",
        "LogLevel": "DEBUG",
    }


def test_a_value_may_hold_anything_and_nothing() -> None:
    assert read_setting("ReplyServiceUrl=https://r.example/?a=b") == (
        "ReplyServiceUrl",
        "https://r.example/?a=b",
    )
    assert read_setting("AlarmTopicArn=") == ("AlarmTopicArn", "")


@pytest.mark.parametrize("setting", ["LogLevel", "=DEBUG", "", "CodeKey=x", "AttachEventSources=x"])
def test_what_is_no_setting_is_refused(setting: str) -> None:
    with pytest.raises(BadInput):
        read_setting(setting)


QUEUE, NOTIFIER = "QueueFunctionReservedConcurrency", "DynamoFunctionReservedConcurrency"


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({QUEUE: "0"}, "Paused=true"),
        ({NOTIFIER: "0"}, "Paused=true"),
        ({QUEUE: "20", "QueueMaximumConcurrency": "50"}, "from 2 to 20"),
        ({QUEUE: "20", "QueueMaximumConcurrency": "0"}, "from 2 to 20"),
        ({NOTIFIER: "5", "RetryMaximumConcurrency": "10"}, "from 2 to 5"),
        ({"ReplyQuietSeconds": "40", "ReplyLongestWaitSeconds": "30"}, "40 at least"),
    ],
)
def test_values_that_contradict_each_other_are_refused(values: dict[str, str], hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_parameters(values)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    "values",
    [
        {},
        {QUEUE: "none", NOTIFIER: "none", "QueueMaximumConcurrency": "50"},
        {QUEUE: "50", "QueueMaximumConcurrency": "50"},
        {NOTIFIER: "5", "RetryMaximumConcurrency": "0"},
        {"ReplyQuietSeconds": "30", "ReplyLongestWaitSeconds": "30"},
        {"ReplyQuietSeconds": "0", "ReplyLongestWaitSeconds": "1"},
    ],
)
def test_values_that_go_together_are_taken(values: dict[str, str]) -> None:
    check_parameters(values)


def test_how_far_the_legacy_notifier_notified_is_all_none_or_a_moment() -> None:
    assert read_notified_until(None) is None
    assert read_notified_until("all") == ALL
    assert read_notified_until("none") == NONE
    assert read_notified_until("2026-11-22T10:00:00+00:00") == 1795341600
    assert read_notified_until("2026-11-22T11:00:00+01:00") == 1795341600


@pytest.mark.parametrize("text", ["yesterday", "2026-11-22T10:00:00", ""])
def test_a_moment_without_a_zone_could_mean_two(text: str) -> None:
    with pytest.raises(BadInput):
        read_notified_until(text)
