"""What the emulator is given, and what keeps it from starting."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.http_server import nobody, reply, serving
from unc.errors import BadInput, EmulatorFailed
from unc.local.emulator import (
    Emulator,
    answers,
    emulator_environment,
    find_free_port,
    open_log,
    require_free,
)
from unc.local.emulator_state import (
    DEFAULT_PORT,
    LAST_PORT,
    choose_port,
    forget_stream_positions,
    note_port,
)


def test_nothing_of_the_user_s_account_reaches_the_functions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "INTELLIGENCE_API_SECRET"):
        monkeypatch.setenv(name, "mine")
    assert "mine" not in emulator_environment(1, tmp_path, None, {}).values()


def test_it_is_asked_how_it_is_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as proxy, serving(reply()) as stub:
        monkeypatch.setenv("http_proxy", proxy)
        assert answers(stub.url)
        assert not answers(proxy)


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    environment = emulator_environment(4711, tmp_path, None, {})
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["GATEWAY_PORT"] == "4711"


def test_state_is_kept_only_where_it_is_wanted(tmp_path: Path) -> None:
    scratch, state = tmp_path / "scratch", tmp_path / "state"
    assert emulator_environment(1, scratch, None, {})["PERSIST_STATE"] == "0"
    kept = emulator_environment(1, scratch, state, {})
    assert kept["PERSIST_STATE"] == "1"
    assert kept["STATE_DIR"].startswith(str(state))
    assert kept["S3_DATA_DIR"].startswith(str(state))


def test_settings_of_a_caller_win(tmp_path: Path) -> None:
    assert emulator_environment(1, tmp_path, None, {"AUTH": "true"})["AUTH"] == "true"


def test_a_port_in_use_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorFailed, match=f"port {port} is in use") as failure:
            require_free(port)
    assert "--port" in failure.value.hint


def test_a_free_port_is_free() -> None:
    require_free(find_free_port())


def test_state_remembers_its_port(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    assert choose_port(state, 4711) == 4711
    note_port(state, 4711)
    assert choose_port(state, None) == 4711
    assert choose_port(state, 4711) == 4711


def test_a_port_that_was_only_asked_for_is_not_the_state_s(tmp_path: Path) -> None:
    choose_port(tmp_path, 4711)
    assert choose_port(tmp_path, 4712) == 4712


@pytest.mark.parametrize(
    "noted", [b"", b"\n", b"many", b"0", b"-1", b"\xff", b"9" * 9, str(LAST_PORT + 1).encode()]
)
def test_a_note_that_holds_no_port_is_named(noted: bytes, tmp_path: Path) -> None:
    (tmp_path / "port").write_bytes(noted)
    with pytest.raises(BadInput, match=f"^{tmp_path}/port holds no port"):
        choose_port(tmp_path, None)


def test_state_made_on_one_port_is_not_opened_on_another(tmp_path: Path) -> None:
    note_port(tmp_path, 4711)
    with pytest.raises(BadInput, match="belongs to port 4711"):
        choose_port(tmp_path, 4712)


def test_without_state_any_port_will_do() -> None:
    assert choose_port(None, None) == DEFAULT_PORT
    assert choose_port(None, 4711) == 4711


def test_state_where_none_can_be_kept_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot keep state"):
        choose_port(tmp_path / "file" / "state", None)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "emulator.log").mkdir()
    with pytest.raises(BadInput, match="cannot keep state in"):
        open_log(tmp_path)


def test_positions_in_streams_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    kept = {"payload": {"esms": {"a": 1}, "dynamodb_stream_positions": {"data": {"x": 20}}}}
    (tmp_path / "lambda.json").write_text(json.dumps(kept))
    forget_stream_positions(tmp_path)
    payload = json.loads((tmp_path / "lambda.json").read_text())["payload"]
    assert payload == {"esms": {"a": 1}, "dynamodb_stream_positions": {"data": {}}}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_state_that_looks_otherwise_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "lambda.json").write_text(text)
    forget_stream_positions(tmp_path)
    assert (tmp_path / "lambda.json").read_text() == text


@pytest.mark.parametrize(
    ("written", "words"), [(b"first\nreason\n\n", "reason"), (b"", "it said nothing")]
)
def test_the_last_line_of_a_log_is_the_reason(tmp_path: Path, written: bytes, words: str) -> None:
    with open_log(tmp_path) as log, subprocess.Popen([sys.executable, "-c", ""]) as process:
        log.write(written)
        log.flush()
        emulator = Emulator("http://127.0.0.1:1", 1, log, process)
        assert emulator.last_words() == words
        assert log.tell() == len(written)
