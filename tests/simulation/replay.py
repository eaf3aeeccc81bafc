"""Print one history line by line: `python -m tests.simulation.replay SEED`.

`--webhooks` and `--faults` leave out all others, as a shortened history does.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields

from tests.simulation.history import Case, History
from tests.simulation.settings import START, Settings
from tests.simulation.timeline import Timeline


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the timeline; 1 when a guarantee was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.replay", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--webhooks", help="numbers, separated by commas")
    parser.add_argument("--faults", help="names, separated by commas")
    given = parser.parse_args(arguments)
    case = Case(
        given.seed,
        None if given.webhooks is None else frozenset(map(int, _parts(given.webhooks))),
        None if given.faults is None else frozenset(_parts(given.faults)),
    )
    lines, violations = describe(case)
    print("\n".join(lines))
    print(f"{violations} violation(s)", file=sys.stderr)
    return 1 if violations else 0


def describe(case: Case) -> tuple[list[str], int]:
    """The lines of a history, and how many of them are violations."""
    history = History(case, Timeline)
    assert isinstance(history.ledger, Timeline)
    history.run()
    return [*_described(history.settings), *history.ledger.lines], len(history.ledger.violations)


def _described(settings: Settings) -> list[str]:
    """The settings, a line each; a fault by its name."""
    values = {each.name: getattr(settings, each.name) for each in fields(settings)}
    values["kinds"] = ", ".join(kind.name for kind in settings.kinds)
    values["outages"] = [
        f"{each.port} {each.fault.name} {each.start - START:.1f} to {each.end - START:.1f}"
        for each in settings.outages
    ]
    return [f"# {name}: {value}" for name, value in values.items()]


def command(case: Case) -> str:
    """The command that replays a case."""
    words = ["python", "-m", "tests.simulation.replay", str(case.seed)]
    if case.webhooks is not None:
        words += ["--webhooks", ",".join(map(str, sorted(case.webhooks)))]
    if case.faults is not None:
        words += ["--faults", ",".join(sorted(case.faults))]
    return shlex.join(words)


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


if __name__ == "__main__":
    raise SystemExit(main())
