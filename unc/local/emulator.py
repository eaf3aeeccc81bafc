"""The AWS on this machine: one child process on 127.0.0.1 that ends when this process does.

It runs both functions as child processes of its own; the process guard ends those too. State that
outlives a stop is written on a stop only: a power cut loses what came after the last one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from unc import project
from unc.errors import EmulatorFailed, SetupMissing
from unc.local.emulator_state import forget_stream_positions, keeping, make_folder, note_port
from unc.local.leftover import SCRATCH_PREFIX, EmulatorNote, find_emulator

_HOST = "127.0.0.1"
# Whatever proxy a machine has for elsewhere.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_LIMIT_SECONDS = 60.0
_STOP_LIMIT_SECONDS = 20.0
_POLL_SECONDS = 0.05
_FREE_PORT_TRIES = 3
_SERVICES = "services"
_LOG_BYTES_READ = 1_000_000
# What the emulator inherits of the environment; profiles, endpoints or secrets would leak
# into the functions.
_LENT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


@dataclass
class Emulator:
    """A running emulator: where it listens, and what it logs."""

    endpoint: str
    port: int
    log: BinaryIO
    process: subprocess.Popen[bytes]

    def is_running(self) -> bool:
        """Say whether the process is still there."""
        return self.process.poll() is None

    def _read_log(self) -> str:
        """Return the end of what it and its start-up said."""
        # The child writes through the same open file: a seek here would move its place there.
        end = os.fstat(self.log.fileno()).st_size
        raw = os.pread(self.log.fileno(), _LOG_BYTES_READ, max(0, end - _LOG_BYTES_READ))
        return raw.decode(errors="replace")

    def last_words(self) -> str:
        """Return the last line of the log that is not blank."""
        lines = (line.strip() for line in reversed(self._read_log().split("\n")))
        return next(filter(None, lines), "it said nothing")


@contextlib.contextmanager
def running_emulator(
    port: int = 0,
    state: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Emulator]:
    """Start the emulator and stop it at the end; port 0 picks a free one.

    Raises SetupMissing when it is not installed, EmulatorFailed when it does not come up.
    """
    emulator = _start_emulator(port, state, settings or {})
    try:
        yield emulator
    finally:
        _stop_emulator(emulator)


def _start_emulator(port: int, state: Path | None, settings: Mapping[str, str]) -> Emulator:
    """Start it; a free port that someone else took meanwhile is tried again with another."""
    if port:
        require_free(port)
        return _launch_emulator(port, state, settings)
    for _ in range(_FREE_PORT_TRIES - 1):
        with contextlib.suppress(EmulatorFailed):
            return _launch_emulator(find_free_port(), state, settings)
    return _launch_emulator(find_free_port(), state, settings)


def _launch_emulator(port: int, state: Path | None, settings: Mapping[str, str]) -> Emulator:
    """Start the process under its process guard and wait until it answers."""
    if not project.EMULATOR.is_file():
        raise SetupMissing("the emulator is not installed", f"run: {project.SETUP}")
    if state:
        forget_stream_positions(state / _SERVICES)
    log = open_log(state)
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX))
    with contextlib.ExitStack() as on_failure:
        # A Ctrl-C while it starts, too, must not leave anything behind.
        on_failure.callback(shutil.rmtree, scratch, ignore_errors=True)
        on_failure.callback(log.close)
        process = _start_process(scratch, log, emulator_environment(port, scratch, state, settings))
        emulator = Emulator(f"http://{_HOST}:{port}", port, log, process)
        on_failure.callback(_stop_emulator, emulator)
        _wait_until_healthy(emulator)
        if state:
            note_port(state, port)
        on_failure.pop_all()
    return emulator


def _start_process(
    scratch: Path, log: BinaryIO, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the process guard, which starts the emulator."""
    return subprocess.Popen(
        [sys.executable, "-I", str(project.PROCESS_GUARD), str(scratch), str(project.EMULATOR)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )


def open_log(state: Path | None) -> BinaryIO:
    """Open a log beside the state, or one that is gone with the processes that hold it."""
    if state is None:
        return cast(BinaryIO, tempfile.TemporaryFile())
    with keeping(state):
        return (make_folder(state) / "emulator.log").open("w+b")


def emulator_environment(
    port: int, scratch: Path, state: Path | None, settings: Mapping[str, str]
) -> dict[str, str]:
    """Say everything the emulator and the functions in it see of the outside."""
    lent = {name: os.environ[name] for name in _LENT_VARIABLES if name in os.environ}
    keep = state or scratch
    own = {
        "BIND_HOST": _HOST,
        "GATEWAY_PORT": str(port),
        # Queue URLs carry this name; `localhost` may mean ::1, where nobody listens.
        "MINISTACK_HOST": _HOST,
        "PERSIST_STATE": "1" if state else "0",
        "STATE_DIR": str(keep / _SERVICES),
        "S3_PERSIST": "1" if state else "0",
        "S3_DATA_DIR": str(keep / "s3"),
        "TMPDIR": str(scratch),
        # Neither listeners on further ports nor a look at the machine's containers.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**lent, **own, **settings}


def _wait_until_healthy(emulator: Emulator) -> None:
    """Poll the health page; raises EmulatorFailed with the log's last line."""
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    while not answers(f"{emulator.endpoint}/_ministack/health"):
        if not emulator.is_running() or time.monotonic() > deadline:
            raise EmulatorFailed(f"the emulator did not start: {emulator.last_words()}")
        time.sleep(_POLL_SECONDS)


def _stop_emulator(emulator: Emulator) -> None:
    """Close the process guard's pipe and wait: state is saved, functions end, then the process."""
    if emulator.process.stdin:
        with contextlib.suppress(BrokenPipeError):
            emulator.process.stdin.close()
    try:
        emulator.process.wait(_STOP_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        emulator.process.kill()
    finally:
        emulator.log.close()


def answers(url: str) -> bool:
    """Say whether something answers 200 there."""
    try:
        with _DIRECTLY.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def require_free(port: int) -> None:
    """Raise EmulatorFailed when the port is taken, with who holds it if that is known."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise _port_taken(port, find_emulator(port)) from error


def _port_taken(port: int, holder: EmulatorNote | None) -> EmulatorFailed:
    """Say who holds a port and how to get past it."""
    if holder is None:
        return EmulatorFailed(
            f"port {port} is in use", "is another `unc up` running? else take --port N"
        )
    if holder.is_guarded():
        return EmulatorFailed(
            f"another `unc up` runs on port {port}, its emulator is process {holder.pid}",
            "end it with Ctrl-C where it runs, or take --port N",
        )
    return EmulatorFailed(
        f"process {holder.pid}, the emulator of an `unc up` that was killed, holds port {port}",
        f"end it and its functions with: kill -- -{holder.pid}",
    )


def find_free_port() -> int:
    """Let the system pick a port that is free now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
