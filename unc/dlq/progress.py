"""How far a long run is, on stderr: a bar for who watches, now and then a line for a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from unc.terminal import err, progress

DEAD_LETTERS_PER_LINE = 500


@contextmanager
def counted(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give the function that takes the count; `total` is what the queue says it holds."""
    if not err.is_terminal:
        yield LineEverySoOften(name, total)
        return
    columns = (TextColumn(f"redriving {name}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(name, total=max(total, 1))
        yield lambda count: bar.update(task, completed=count, total=max(total, count, 1))


class LineEverySoOften:
    """Writes a line when so many more are done."""

    def __init__(self, name: str, total: int) -> None:
        self._name = name
        self._total = total
        self._next = DEAD_LETTERS_PER_LINE

    def __call__(self, count: int) -> None:
        if count >= self._next:
            progress(f"{self._name}: {count} of about {self._total} redriven")
            self._next = count + DEAD_LETTERS_PER_LINE
