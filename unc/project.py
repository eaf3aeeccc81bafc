"""Where things lie in this repository. The tool is installed in place and reads them there."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
TEMPLATE = ROOT / "infra" / "template.yaml"
SAMPLES = ROOT / "samples"
PACKAGE = ROOT / "dist" / "unc-consumer.zip"
EMULATOR = ROOT / ".venv" / "bin" / "ministack"
PROCESS_GUARD = ROOT / "unc" / "local" / "process_guard.py"
