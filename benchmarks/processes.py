"""The processes of a run: the stub, a worker for each target, and cold starts."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.counts import Counts
from unc import project

TARGETS = ("ours", "baseline", "floor")
HOST = "127.0.0.1"


@dataclass
class Stub:
    """The running backend."""

    port: int

    def request(self, path: str, body: dict[str, Any], target: str = "") -> dict[str, Any]:
        """Make a call of our own."""
        connection = http.client.HTTPConnection(HOST, self.port)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(body), {"x-amz-target": target})
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer

    def counts(self) -> Counts:
        """Return what it was asked so far."""
        return Counts.read(self.request("/counts", {}))

    def put(self, table: str, item: dict[str, Any]) -> None:
        """Store a row."""
        request = {"TableName": table, "Item": item}
        self.request("/", request, "DynamoDB_20120810.PutItem")


@contextlib.contextmanager
def running_stub(aws_ms: float = 5, reply_ms: float = 100) -> Iterator[Stub]:
    """Run the stub until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.stub"]
    command += ["--aws-ms", str(aws_ms), "--reply-ms", str(reply_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=project.ROOT) as process:
        assert process.stdout is not None
        try:
            yield Stub(int(process.stdout.readline()))
        finally:
            process.terminate()


def environment(target: str, stub: Stub, code: Path) -> dict[str, str]:
    """Return everything a target sees; each has tables of its own on the stub."""
    url = f"http://{HOST}:{stub.port}"
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{code}{os.pathsep}{project.ROOT}",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "t" * 400,  # about as long as a role's
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LOG_LEVEL": "INFO",
        "DYNAMODB_CHAT_TABLE": f"{target}-chats",
        "DYNAMODB_SESSION_TABLE": f"{target}-sessions",
        "DYNAMODB_NOTIFICATION_TABLE": f"{target}-notifications",
        "SQS_QUEUE_URL": f"{url}/000000000000/queue.fifo",
        "SQS_DLQ_URL": f"{url}/000000000000/dlq.fifo",
        "REPLY_RETRY_QUEUE_URL": f"{url}/000000000000/retry",
        "REPLY_DLQ_URL": f"{url}/000000000000/retry-dlq",
        "REPLY_SERVICE_URL": f"{url}/reply/",
        "INTELLIGENCE_API_SECRET": "a-secret-for-benchmarks",
    }


class Worker:
    """A target that waits for rounds."""

    def __init__(self, target: str, settings: dict[str, str]) -> None:
        self.target = target
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=settings,
            cwd=project.ROOT,
            text=True,
        )

    def run(self, case: str, round_: int) -> dict[str, float]:
        """Run one round; raises RuntimeError when the target died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"case": case, "round": round_}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.target} died in case {case}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process and free its pipes."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


def start_cold(target: str, half: str, settings: dict[str, str]) -> dict[str, float]:
    """Start a fresh interpreter and return what it measured."""
    script = str(project.ROOT / "benchmarks" / "cold.py")
    result = subprocess.run(
        [sys.executable, script, target, half],
        env=settings,
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{target} did not start: {result.stderr.strip()[-500:]}")
    answer: dict[str, float] = json.loads(result.stdout)
    return answer


def measure_endurance(code: Path, batches: int) -> dict[str, int]:
    """Return the resident memory, in KB, at some points on the way through many batches."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.endurance", str(batches)],
        env={"PYTHONPATH": f"{code}{os.pathsep}{project.ROOT}"},
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    marks: dict[str, int] = json.loads(result.stdout)
    return marks
