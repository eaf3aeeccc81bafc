"""The processes that run the functions, seen in /proc: grandchildren of the process guard."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LOOKS = 3


class Workers:
    """The workers under one process guard; any thread may ask."""

    def __init__(self, guard: int) -> None:
        self._guard = guard

    def owner_of(self, port: int, peer: int) -> int | None:
        """The worker that holds the loopback connection from `port` to `peer`; None: it is gone.

        This takes tens of milliseconds. The kernel's list may miss a line while it changes, so one
        look is not enough.
        """
        for _ in range(LOOKS):
            for inode in inodes(port, peer):
                for worker in self.list():
                    if f"socket:[{inode}]" in open_files(worker):
                        return worker
        return None

    def list(self) -> list[int]:
        """Process ids of all workers: children of the emulator, which is the guard's child."""
        parents = dict(read_parents())
        return [pid for pid, parent in parents.items() if parents.get(parent) == self._guard]

    def kill(self, worker: int) -> None:
        """End a worker as a crash would; nobody else's process is ever touched."""
        if worker in self.list():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


def read_parents() -> Iterator[tuple[int, int]]:
    """Every process with its parent; what stands before `)` in the line may hold anything."""
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (entry / "stat").read_text()
            yield int(entry.name), int(line.rpartition(")")[2].split()[1])


def open_files(pid: int) -> set[str]:
    """What a process's file descriptors lead to."""
    found = set()
    with contextlib.suppress(OSError):
        for link in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(link.readlink()))
    return found


def inodes(port: int, peer: int) -> list[str]:
    """Sockets of IPv4 connections from one port to another; fields as in proc(5)."""
    ends = (f":{port:04X}", f":{peer:04X}")
    lines = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()[1:]]
    return [line[9] for line in lines if (line[1][-5:], line[2][-5:]) == ends]
