"""Trace one message through both functions and count what a reader has to follow.

    python -m benchmarks.trace [--source src]

The message comes as a batch of one record, then as the stream's record of it. The stub stands for
AWS and the reply service. Counted are the files and functions of the source folder that run, and
the frames on the stack when a request leaves: from the handler to the AWS client's last function,
the HTTP layer above it left out. The process has handled another message before, so its
connections are open, the secret is known, and nothing is imported any more. Python 3.12 and later
show no frames for comprehensions, so compare figures of one version.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import inspect
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from benchmarks.events import queue_event, sender_id, session_row, stream_event
from benchmarks.processes import environment, running_stub
from benchmarks.targets.lambda_context import CONTEXT

SOURCE = Path(__file__).resolve().parent.parent / "src"
TARGET = "trace"
SENDERS = [sender_id(700), sender_id(701)]  # the last one's message is traced
SETTLING = ("PutItem", "UpdateItem", "TransactWriteItems")
AWS_CLIENT = "AwsClient."

Stack = Sequence[CodeType]


@dataclass
class Trace:
    """The functions below `source` that ran, and the stack of each request, outermost first."""

    source: Path
    touched: set[CodeType] = field(default_factory=set)
    sent: list[tuple[str, Stack]] = field(default_factory=list)

    def clear(self) -> None:
        """Forget what came so far."""
        self.touched.clear()
        self.sent.clear()

    def note_call(self, frame: FrameType, event: str, _: object) -> None:
        """Note a function that starts; a profile function."""
        if event == "call" and self._is_ours(frame.f_code):
            self.touched.add(frame.f_code)

    def note_request(self, data: bytes) -> None:
        """Note a request with the stack that sends it."""
        codes = [frame.f_code for frame in outwards(sys._getframe(1))]
        self.sent.append((operation_of(data), [c for c in reversed(codes) if self._is_ours(c)]))

    def paths_to(self, *operations: str) -> list[Stack]:
        """Return the stacks of the requests for some operations, in order."""
        return [path for name, path in self.sent if name in operations]

    def _is_ours(self, code: CodeType) -> bool:
        is_function = bool(code.co_flags & inspect.CO_NEWLOCALS)  # no body of a module or class
        return is_function and code.co_filename.startswith(f"{self.source}{os.sep}")


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and its callers."""
    while frame:
        yield frame
        frame = frame.f_back


def operation_of(request: bytes) -> str:
    """Return what a request asks for: an operation of AWS, or POST for the reply service."""
    head = request.partition(b"\r\n\r\n")[0].decode("latin-1")
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "x-amz-target":
            return value.strip().rpartition(".")[2]
    return head.partition(" ")[0]


def main() -> None:
    """Trace and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=SOURCE, help="the zip's root")
    print(report(trace_message(parser.parse_args().source.resolve())))


def trace_message(source: Path) -> Trace:
    """Run both handlers in this process, against the stub."""
    trace = Trace(source)
    sys.path.insert(0, str(source))
    with running_stub(aws_ms=0, reply_ms=0) as stub, noting(trace):
        os.environ.update(environment(TARGET, stub, source))
        for sender in SENDERS:
            stub.put(f"{TARGET}-sessions", session_row(sender))
        with Path(os.devnull).open("w") as quiet, contextlib.redirect_stdout(quiet):
            run_handlers(trace)
    return trace


@contextlib.contextmanager
def noting(trace: Trace) -> Iterator[None]:
    """Note every call and every request, those of other threads too."""
    send: Callable[..., None] = socket.socket.sendall

    def send_and_note(self: socket.socket, data: bytes, *rest: Any) -> None:
        trace.note_request(data)
        send(self, data, *rest)

    setattr(socket.socket, "sendall", send_and_note)  # noqa: B010 (a method, says the type)
    threading.setprofile(trace.note_call)
    sys.setprofile(trace.note_call)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
        setattr(socket.socket, "sendall", send)  # noqa: B010


def run_handlers(trace: Trace) -> None:
    """Handle one message of each sender; what the last one did stays in the trace."""
    from dynamo_function import dynamo_handler
    from queue_function import queue_handler

    for number, sender in enumerate(SENDERS):
        trace.clear()
        queue_handler(queue_event([sender], number), CONTEXT)
        dynamo_handler(stream_event([sender], 1, number), CONTEXT)


def functions_below(source: Path) -> dict[Path, int]:
    """Return how many functions each file defines; blank files are left out."""
    trees = {path: ast.parse(path.read_text()) for path in source.rglob("*.py")}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        path: sum(isinstance(node, kinds) for node in ast.walk(tree))
        for path, tree in trees.items()
        if tree.body
    }


def report(trace: Trace) -> str:
    """Return the counts as lines, each path under its count."""
    defined = functions_below(trace.source)
    files = {code.co_filename for code in trace.touched}
    named = [code for code in trace.touched if not code.co_name.startswith("<")]
    lines = [
        f"files touched: {len(files)} of {len(defined)}",
        f"functions touched: {len(named)} of {sum(defined.values())}",
        *path_lines("to the first Query", trace.paths_to("Query")[0], trace.source),
        *path_lines("to the settling write", trace.paths_to(*SETTLING)[-1], trace.source),
    ]
    return "\n".join(lines)


def path_lines(title: str, path: Stack, source: Path) -> list[str]:
    """Return the length of a path and its frames, without the HTTP layer."""
    last = max(n for n, code in enumerate(path) if code.co_qualname.startswith(AWS_CLIENT))
    codes = path[: last + 1]
    files = {code.co_filename for code in codes}
    frames = [f"  {Path(c.co_filename).relative_to(source)} {c.co_qualname}" for c in codes]
    beyond = f"{len(path) - len(codes)} more in the HTTP layer"
    return [f"{title}: {len(codes)} frames in {len(files)} files ({beyond})", *frames]


if __name__ == "__main__":
    main()
