"""A bounded run of each fuzzer; `python -m tests.fuzz.run TARGET --seconds N` goes on longer."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = 20_000
TARGETS = ["body", "records", "stream_record", "retry_record"]

HAS_WHEEL = (sys.platform, platform.machine()) == ("linux", "x86_64") and sys.version_info < (3, 15)
pytestmark = pytest.mark.skipif(
    not HAS_WHEEL, reason="atheris has no wheel for this Python on this machine"
)


def fuzz(target: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz.run", target, "--folder", str(folder), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_a_decoder(target: str, tmp_path: Path) -> None:
    ended = fuzz(target, tmp_path, "--runs", str(RUNS), "--seed", "1")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert f"Done {RUNS} runs" in ended.stderr
    assert "Is the code instrumented" not in ended.stderr


def test_an_input_that_breaks_a_target_is_reported_and_can_be_played_again(tmp_path: Path) -> None:
    ended = fuzz("self_test", tmp_path, "--runs", "1000", "--seed", "1")
    assert ended.returncode != 0
    [found] = tmp_path.glob("found-*")
    assert fuzz("self_test", tmp_path, str(found)).returncode != 0
