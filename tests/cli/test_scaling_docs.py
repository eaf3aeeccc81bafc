"""What docs/scaling.md and docs/howto/bursts.md say a load costs is what `unc cost` says."""

import json
import re
from pathlib import Path

import pytest

from unc.runner import run

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "scaling.md").read_text()
WINDOW = re.compile(
    r"^\| (?P<rate>\d+) \| (?P<window>\d) s \| `(?P<options>[^`]+)`"
    r" \| (?P<notifier>\d+) \| (?P<all>\d+) \|$",
    re.MULTILINE,
)
ROW = re.compile(
    r"^\| (?P<messages>[\d,]+)[^|]*\|[^|]*\|(?P<options>[^|]*)"
    r"\| \$(?P<month>[\d.,]+) \| \$(?P<ours>\d+) \| \$(?P<baseline>\d+) \|$",
    re.MULTILINE,
)
NOTIFIER = "Lambda, notifier"
ROWS = [found.groupdict() for found in ROW.finditer(TEXT)]


def test_every_load_is_looked_at() -> None:
    assert (
        len(ROWS) == TEXT.partition("options | a month")[2].partition("\n\n")[0].count("| $") // 3
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["messages"])
def test_a_load_costs_what_the_cost_model_says(
    row: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    dollars = reckon(row, capsys)
    millions = number(row["messages"]) / 1e6
    assert number(row["month"]) == pytest.approx(dollars["ours"]["all"], rel=0.02)
    for target in ("ours", "baseline"):
        assert number(row[target]) == round(dollars[target]["all"] / millions)


def test_what_the_guarantees_and_the_waiting_cost_is_what_the_cost_model_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of a million messages: what our tables cost more, and what the baseline's waiting does."""
    said = re.search(
        r"cost \$([\d.]+) a million more\s+than a plain implementation's writes "
        r"\(messages that come alone: \$([\d.]+)\)\. The waiting of such an\s+"
        r"implementation costs \$([\d.]+) a million",
        TEXT,
    )
    assert said
    alone, full = (reckon(row, capsys) for row in (ROWS[1], ROWS[-1]))
    tables = ("DynamoDB, reads", "DynamoDB, writes to tables")
    in_full = number(ROWS[-1]["messages"]) / 1e6
    reckoned = (
        sum(full["ours"][name] - full["baseline"][name] for name in tables) / in_full,
        sum(alone["ours"][name] - alone["baseline"][name] for name in tables),
        (full["baseline"][NOTIFIER] - full["ours"][NOTIFIER]) / in_full,
    )
    assert tuple(map(number, said.groups())) == pytest.approx(reckoned, abs=0.05)


def test_a_batching_window_costs_what_the_cost_model_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = WINDOW.findall((DOCS / "howto" / "bursts.md").read_text())
    assert [row[:2] for row in rows] == [("1", "0"), ("1", "3"), ("10", "0"), ("10", "3")]
    for rate, _, options, *said in rows:
        assert f"--messages {int(rate) * 30 * 24 * 3600} " in options
        dollars = _cost(options.split(), capsys)["ours"]
        assert said == [f"{dollars[NOTIFIER]:.0f}", f"{dollars['all']:.0f}"]


def reckon(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, float]]:
    """What `unc cost` says of a row's load, in dollars a month by target and service."""
    count = number(row["messages"])
    options = row["options"].strip(" `").split()
    load = ["--messages", f"{count:.0f}", "--senders", f"{count / 100:.0f}", *options]
    return _cost(load, capsys)


def _cost(load: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, float]]:
    assert run(["cost", *load, "--json"]) == 0
    dollars: dict[str, dict[str, float]] = json.loads(capsys.readouterr().out)["dollars_a_month"]
    return dollars


def number(text: str) -> float:
    return float(text.replace(",", ""))
