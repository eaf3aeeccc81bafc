"""Record what `unc up` prints, as the README shows it: `make recording` writes docs/unc-up.svg.

The command runs as a person runs it, its results on a terminal. What it says to stderr comes as
plain lines, so that the table that changes while samples are played is left out.
"""

from __future__ import annotations

import html
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from rich.console import Console
from rich.text import Text

RECORDING = Path(__file__).parents[2] / "docs" / "unc-up.svg"
UNC = Path(sys.executable).with_name("unc")
WIDTH = 100
LAST_LINE = "What arrives from here on:"
SENT = ("send", "--from", "whatsapp:+4915555550199", "--body", "hi")


class Recorder:
    """A running `unc up`; `lines` holds what it has printed, in order, with its colours."""

    def __init__(self, folder: str) -> None:
        self.lines: list[Text] = [Text("$ make up", style="bold")]
        self.environment = os.environ | {
            "XDG_STATE_HOME": folder,
            "COLUMNS": str(WIDTH),
            "TERM": "xterm-256color",
        }
        terminal, inner = pty.openpty()
        self.process = subprocess.Popen(
            [UNC, "up"],
            cwd=RECORDING.parents[1],
            env=self.environment,
            stdout=inner,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(inner)
        self._progress = Thread(target=self._note_progress, daemon=True)
        self._progress.start()
        self._results = lines_of(terminal)

    def record_until(self, word: str) -> None:
        """Record results until a line has the word; raises RuntimeError at an early end."""
        for line in self._results:
            self.lines.append(Text.from_ansi(line))
            if word in self.lines[-1].plain:
                return
        raise RuntimeError(f"unc up ended before it printed {word!r}")

    def send(self) -> None:
        """Send a message, as from another terminal."""
        subprocess.run([UNC, *SENT], env=self.environment, capture_output=True, check=True)

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def _note_progress(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(Text(line.rstrip("\n"), style="dim"))


def lines_of(terminal: int) -> Iterator[str]:
    """Yield the lines that are written to a terminal, until its other side is closed."""
    with os.fdopen(terminal, encoding="utf-8", newline="") as shown:
        try:
            for line in shown:
                yield line.rstrip("\r\n")
        except OSError:  # how Linux tells that nobody writes any more
            return


def record() -> str:
    """Return the picture of one run."""
    with TemporaryDirectory() as folder:
        recorder = Recorder(folder)
        try:
            recorder.record_until(LAST_LINE)
            shown = list(recorder.lines)
            recorder.send()
            recorder.record_until("replied")
            shown += recorder.lines[len(shown) :]
        finally:
            recorder.end()
    console = Console(record=True, width=WIDTH, file=StringIO(), highlight=False)
    for line in shown:
        console.print(line)
    return console.export_svg(title="unc up", unique_id="unc-up", code_format=svg_format())


def svg_format() -> str:
    """Return rich's frame with the reader's own fonts: nothing is loaded from elsewhere."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    without = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return without.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")


def words_of(picture: str) -> set[str]:
    """Return the words that a picture shows; numbers, times and ids are none."""
    shown = " ".join(
        html.unescape(each) for each in re.findall(r"<text [^>]*>(.*?)</text>", picture)
    )
    return words(shown.replace("\N{NO-BREAK SPACE}", " "))


def words(text: str) -> set[str]:
    """Return the words of a text, those with capitals inside left out: they name resources."""
    found = re.findall(r"(?<![\w./-])[^\W\d_]{2,}(?![\w/-])", text)
    return {word for word in found if word[1:].islower()}


if __name__ == "__main__":
    RECORDING.write_text(record())
