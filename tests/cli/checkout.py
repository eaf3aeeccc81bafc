"""A copy of the repository's working parts, in which something may be missing or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from unc import project

PARTS = ("unc", "src", "infra", "samples")
UNC = "from unc.entry import main; main()"
LIMIT_SECONDS = 900


class Checkout:
    """The copy, and `unc` run from it; it has no emulator unless it is given one."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        for part in PARTS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(project.ROOT / part, self.root / part, ignore=ignored)

    @property
    def template(self) -> Path:
        """The template that this copy brings up."""
        return self.root / project.TEMPLATE.relative_to(project.ROOT)

    def lend_emulator(self) -> None:
        """Let the copy use the emulator of the repository."""
        home = project.EMULATOR.relative_to(project.ROOT).parts[0]
        (self.root / home).symlink_to(project.ROOT / home)

    def run(
        self, *arguments: str, shell: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the copy's `unc` to its end; `shell` is what a shell does to its streams first."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        own = {"PYTHONPATH": str(self.root), "XDG_STATE_HOME": str(self.root / "notes")}
        return subprocess.run(
            ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-c", UNC, *arguments],
            cwd=self.root,
            env=kept | own | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )


def complaints(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what was said on stderr beside progress."""
    return [line for line in ran.stderr.splitlines() if not line.startswith("·")]
