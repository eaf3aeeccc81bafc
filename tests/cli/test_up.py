"""What `unc up` says when it cannot even start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.checkout import Checkout, complaints
from tests.support.ports import free_port
from unc import project
from unc.runner import run


def test_without_the_emulator_it_says_how_to_get_it(tmp_path: Path) -> None:
    ran = Checkout(tmp_path).run("up", "--port", str(free_port()))
    assert ran.returncode == 3
    assert complaints(ran) == ["unc: the emulator is not installed (run: make setup)"]


def test_a_start_that_fails_leaves_nothing_behind_and_no_port_in_the_state(tmp_path: Path) -> None:
    checkout, state, scratch = Checkout(tmp_path), tmp_path / "state", tmp_path / "scratch"
    emulator = checkout.root / project.EMULATOR.relative_to(project.ROOT)
    emulator.parent.mkdir(parents=True)
    emulator.write_text("#!/bin/sh\necho no good\nexit 1\n")
    emulator.chmod(0o755)
    scratch.mkdir()
    port = str(free_port())
    ran = checkout.run("up", "--port", port, "--state", str(state), TMPDIR=str(scratch))
    assert ran.returncode == 4
    assert complaints(ran) == ["unc: the emulator did not start: no good"]
    assert list(scratch.iterdir()) == []
    assert not (state / "port").exists()


def test_an_emulator_that_cannot_be_run_leaves_nothing_behind(tmp_path: Path) -> None:
    checkout, scratch = Checkout(tmp_path), tmp_path / "scratch"
    emulator = checkout.root / project.EMULATOR.relative_to(project.ROOT)
    emulator.parent.mkdir(parents=True)
    emulator.write_text("")
    scratch.mkdir()
    ran = checkout.run("up", "--port", str(free_port()), TMPDIR=str(scratch))
    assert ran.returncode == 4
    assert len(complaints(ran)) == 1
    assert list(scratch.iterdir()) == []


def test_a_longest_wait_below_the_quiet_time_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    ran = Checkout(tmp_path).run("up", "--quiet-seconds", "31")
    assert ran.returncode == 2
    [complaint] = complaints(ran)
    assert "ReplyLongestWaitSeconds=30 is below ReplyQuietSeconds=31" in complaint
    assert "packaged" not in ran.stderr


@pytest.mark.parametrize(("option", "value"), [("--quiet", "61"), ("--longest-wait", "901")])
def test_a_time_that_the_template_does_not_take_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["up", f"{option}-seconds", value]) == 2
    assert "less than or equal to" in capsys.readouterr().err
