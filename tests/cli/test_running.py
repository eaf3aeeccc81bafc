"""The note that lets the other commands find `unc up`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from unc.running import Running, find_running, note_path, noted, notifies_elsewhere


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def running(pid: int, port: int = 1) -> Running:
    return Running(f"http://127.0.0.1:{port}", "us-east-1", pid, "http://127.0.0.1:2/reply/")


def test_it_is_found_while_it_runs_and_not_after() -> None:
    with noted(running(os.getpid())):
        assert find_running() == running(os.getpid())
    assert find_running() is None


def test_without_its_writer_a_note_counts_for_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with noted(running(ended.pid)):
        assert find_running() is None


def test_an_earlier_system_that_ends_leaves_a_later_one_its_note() -> None:
    with noted(running(os.getpid(), port=1)):
        later = noted(running(os.getpid(), port=2))
        later.__enter__()
    found = find_running()
    assert found is not None
    assert found.endpoint.endswith(":2")
    later.__exit__(None, None, None)


def test_a_later_system_that_ends_lets_an_earlier_one_be_found_again() -> None:
    with noted(running(os.getpid(), port=1)):
        with noted(running(os.getpid(), port=2)):
            assert find_running() == running(os.getpid(), port=2)
        assert find_running() == running(os.getpid(), port=1)
    assert find_running() is None


def test_an_earlier_system_that_ended_meanwhile_is_not_put_back() -> None:
    earlier = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with noted(running(earlier.pid, port=1)), noted(running(os.getpid(), port=2)):
        earlier.communicate()
    assert not note_path().exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"endpoint": "x"}'])
def test_a_broken_note_counts_for_nothing(text: str) -> None:
    note_path().parent.mkdir(parents=True)
    note_path().write_text(text)
    assert find_running() is None


def test_only_what_runs_here_is_known_to_tell_a_service_of_the_user_s() -> None:
    ours = running(os.getpid())
    with noted(ours):
        assert not notifies_elsewhere(ours.endpoint)
    with noted(replace(ours, stand_in=False)):
        assert notifies_elsewhere(ours.endpoint)
        assert not notifies_elsewhere("http://127.0.0.1:3")
        assert not notifies_elsewhere(None)
