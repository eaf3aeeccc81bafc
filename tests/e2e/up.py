"""`unc up` as a process of its own, as a person runs it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cli.checkout import LIMIT_SECONDS
from tests.e2e.world import eventually
from tests.support.ports import free_port

UNC = Path(sys.executable).with_name("unc")


class SilentWriter:
    """A reply service that keeps its replies elsewhere."""

    def write_reply(self, sender_id: str, message: str) -> None:
        """Write nothing."""


class Up:
    """A running `unc up` with a port and a place for its notes of its own."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        port: int | None = None,
        secret: Mapping[str, str] | None = None,
        unc: Path = UNC,
    ) -> None:
        self.folder, self.unc = folder, unc
        self.port = port or free_port()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        } | {
            "XDG_STATE_HOME": str(folder),
            "XDG_CACHE_HOME": str(folder),
            "COLUMNS": "120",
            **(secret or {}),
        }
        self.output = folder / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [self.unc, "up", "--port", str(self.port), *arguments],
                cwd=folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def printed(self) -> str:
        return self.output.read_text()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `unc` command, in another terminal so to speak."""
        return subprocess.run(
            [self.unc, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )

    def await_up(self) -> None:
        eventually(
            lambda: "It is up" in self.printed() or self.process.poll() is not None, "it is up"
        )
        assert self.process.poll() is None, self.printed()

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def leftovers(self) -> list[str]:
        """Processes that carry this emulator's port in their environment."""
        mark = f"GATEWAY_PORT={self.port}".encode()
        return [
            entry.name
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and mark in _environment_of(entry)
        ]

    def end(self, by: signal.Signals) -> None:
        self.process.send_signal(by)
        self.process.wait(timeout=LIMIT_SECONDS)


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
