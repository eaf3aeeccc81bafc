"""The table of bursts in benchmarks/README.md is what the code does."""

from tests.guards.repository import ROOT
from tests.simulation.burst import table


def test_the_table_of_bursts_is_true() -> None:
    """After a change: `python -m tests.simulation.burst`, and put its table into the page."""
    assert "\n".join(table()) in (ROOT / "benchmarks" / "README.md").read_text()
