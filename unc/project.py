"""Where the Lambda code, the template and the samples lie: in a clone, or in an installed wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROGRAM = "unc-consumer"
_TOOL = Path(__file__).resolve().parent
# The wheel holds a copy of these folders; a clone has them beside the tool.
_BUNDLED = _TOOL / "bundled"
IN_CLONE = not _BUNDLED.is_dir()
ROOT = _TOOL.parent if IN_CLONE else _BUNDLED
SOURCE = ROOT / "src"
TEMPLATE = ROOT / "infra" / "template.yaml"
SAMPLES = ROOT / "samples"
COUNTS = ROOT / "benchmarks" / "counts.json"
PROCESS_GUARD = _TOOL / "local" / "process_guard.py"


def _cache_folder() -> Path:
    """Return where an installed tool may write: a folder of the user, never the wheel's own."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "unc"


if IN_CLONE:
    PACKAGE = ROOT / "dist" / "unc-consumer.zip"
    EMULATOR = ROOT / ".venv" / "bin" / "ministack"
    SETUP = "make setup"
else:
    PACKAGE = _cache_folder() / "unc-consumer.zip"
    EMULATOR = Path(sys.executable).with_name("ministack")
    SETUP = f"pip install '{PROGRAM}[local]'"
