"""What docs/scaling.md says a load costs is what `unc cost` says."""

import json
import re
from pathlib import Path

import pytest

from unc.cli import run

TEXT = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
ROW = re.compile(
    r"^\| (?P<messages>[\d,]+)[^|]*\|[^|]*\|(?P<options>[^|]*)"
    r"\| \$(?P<month>[\d.,]+) \| \$(?P<ours>\d+) \| \$(?P<baseline>\d+) \|$",
    re.MULTILINE,
)
ROWS = [found.groupdict() for found in ROW.finditer(TEXT)]


def test_every_load_is_looked_at() -> None:
    assert (
        len(ROWS) == TEXT.partition("options | a month")[2].partition("\n\n")[0].count("| $") // 3
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["messages"])
def test_a_load_costs_what_the_cost_model_says(
    row: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    count = number(row["messages"])
    options = row["options"].strip(" `").split()
    load = ["--messages", f"{count:.0f}", "--senders", f"{count / 100:.0f}", *options]
    assert run(["cost", *load, "--json"]) == 0
    dollars = json.loads(capsys.readouterr().out)["dollars_a_month"]
    millions = count / 1e6
    assert number(row["month"]) == pytest.approx(dollars["ours"]["all"], rel=0.02)
    for target in ("ours", "baseline"):
        assert number(row[target]) == round(dollars[target]["all"] / millions)


def number(text: str) -> float:
    return float(text.replace(",", ""))
