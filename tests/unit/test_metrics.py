"""Metrics beside a log line, in the format that CloudWatch reads out of it."""

import pytest

from consumer.metrics import MAX_VALUES, embedded


def test_metrics_name_what_there_is_and_leave_out_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "unc-queue-lambda")
    times = {"QueueToStored": [1.6, 2.4], "Never": []}
    line = embedded({"Stored": 2, "Failed": 0}, times, 1_795_000_000_000)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in directive["Metrics"]] == ["Stored", "QueueToStored"]
    assert (line["Stored"], line["QueueToStored"]) == (2, [2, 2])
    assert line["FunctionName"] == "unc-queue-lambda"
    assert not line.keys() & {"Failed", "Never"}


def test_a_metric_holds_no_more_values_than_its_format() -> None:
    line = embedded({}, {"Waits": [1.0] * 500}, 0)
    assert len(line["Waits"]) == MAX_VALUES


def test_where_nothing_was_counted_the_line_names_no_metrics() -> None:
    assert embedded({"Stored": 0}, {"Waits": []}, 0).keys() == {"FunctionName"}
