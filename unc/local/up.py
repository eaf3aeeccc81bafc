"""`unc up`: everything on this machine, the samples played, then whatever arrives."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from unc import project
from unc.aws.connection import require_web_address
from unc.deploy.parameters import check_parameters
from unc.errors import EmulatorFailed
from unc.local.emulator_state import choose_port
from unc.local.leftover import end_emulator, find_emulator
from unc.local.live_view import POLL_SECONDS, LiveView
from unc.local.samples import load_samples
from unc.local.stack import RunningStack, Settings, running_stack
from unc.messages.conversation import read_conversation, render_conversation
from unc.messages.follow import follow, make_tracker
from unc.messages.send import DEFAULT_ADDRESS
from unc.messages.tracker import MessageTracker
from unc.messages.tracker_view import ONE_AT_A_TIME, print_tracker
from unc.messages.webhook import submit_messages
from unc.running import Running, noted
from unc.terminal import err, out, print_json, progress

_PLAY_LIMIT_SECONDS = 60.0
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECRET_VARIABLE = "INTELLIGENCE_API_SECRET"


@dataclass(frozen=True)
class UpOptions:
    """What the command line asked for; `parameters` go to the template."""

    port: int | None = None
    state: Path | None = None
    reply_url: str | None = None
    play: bool = True
    stay: bool = True
    as_json: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


def run_up(options: UpOptions) -> bool:
    """Start, play, show, stay; a Ctrl-C or a SIGTERM ends it and everything it started.

    Gives whether the samples came as far as they should; who ends it has seen that.
    """
    with _ended_by_signals(), contextlib.suppress(KeyboardInterrupt):
        with _start_stack(options) as stack, noted(_note_of(stack)):
            live_view = LiveView(stack)
            tracker = _play_samples(stack) if options.play else None
            if options.as_json:
                print_json(_as_document(stack, tracker))
            elif tracker:
                _print_played(tracker)
            live_view.forget()  # what the samples caused has been shown
            if options.stay:
                _stay(stack, live_view, options.as_json)
        return tracker is None or tracker.is_well()
    err.print("[dim]· stopped[/dim]")
    return True


def _start_stack(options: UpOptions) -> contextlib.AbstractContextManager[RunningStack]:
    """Say what is wrong or missing with what was asked for, then start."""
    if options.reply_url is not None:
        require_web_address("--reply-url", options.reply_url)
    check_parameters(options.parameters)
    secret = os.environ.get(_SECRET_VARIABLE)
    if options.reply_url and not secret:
        progress(f"{_SECRET_VARIABLE} is not set: {options.reply_url} will see a made-up secret")
    state = options.state.resolve() if options.state else None
    port = choose_port(state, options.port)
    _offer_to_end_leftover(port)
    settings = Settings(
        port=port,
        reply_port=port + 1,
        state=state,
        reply_url=options.reply_url,
        secret=secret,
        region=os.environ.get("AWS_REGION", "us-east-1"),
        parameters={"WebhookIntake": "true", **options.parameters},
    )
    return running_stack(settings, progress)


def _offer_to_end_leftover(port: int) -> None:
    """Ask whether to end an emulator that nobody guards; without a terminal the start refuses."""
    left = find_emulator(port)
    if left is None or left.is_guarded() or not sys.stdin.isatty():
        return
    question = f"process {left.pid}, the emulator of an `unc up` that was killed, holds port {port}"
    if typer.confirm(f"{question}; end it?", err=True):
        end_emulator(left)
        progress(f"ended process {left.pid}")


def _note_of(stack: RunningStack) -> Running:
    """Return the note that lets the other commands find this system."""
    stand_in = stack.reply is not None
    return Running(stack.endpoint, stack.aws.region, os.getpid(), stack.reply_url, stand_in)


def _play_samples(stack: RunningStack) -> MessageTracker | None:
    """Send the samples and show each one's way; None where they are known already."""
    messages = load_samples()
    tracker = make_tracker(stack.aws, stack.resources, messages, may_be_silent=stack.reply is None)
    if any(tracked.known_before for tracked in tracker.messages):
        progress("the samples are here from an earlier run; not played again")
        return None
    way = "through the intake" if stack.resources.webhook_url else "straight to the queue"
    progress(f"playing {len(messages)} samples {way}")
    tracker.start(submit_messages(stack.aws, stack.resources, messages, progress))
    follow(tracker, _PLAY_LIMIT_SECONDS)
    return tracker


def _as_document(stack: RunningStack, tracker: MessageTracker | None) -> dict[str, Any]:
    """Return where everything is and how far the samples came."""
    return {
        "endpoint": stack.endpoint,
        "region": stack.aws.region,
        "reply_url": stack.reply_url,
        "samples": [tracked.as_json() for tracked in tracker.messages] if tracker else [],
    }


def _print_played(tracker: MessageTracker) -> None:
    """Print how far the samples came, and what became a conversation."""
    print_tracker(tracker)
    out.print()
    for tracked in tracker.messages:
        if tracked.chat:
            for line in render_conversation(
                read_conversation(tracker.tables, tracked.message.sender_id)
            ):
                out.print(line)


def _stay(stack: RunningStack, live_view: LiveView, quiet: bool) -> None:
    """Print what arrives until a signal comes; raises EmulatorFailed when the emulator dies."""
    if not quiet:
        _print_next_steps(stack)
    while stack.emulator.is_running():
        # A reading that fails is either repeated, or the emulator's last.
        with contextlib.suppress(BotoCoreError, ClientError):
            for line in () if quiet else live_view.read():
                out.print(line)
        time.sleep(POLL_SECONDS)
    raise EmulatorFailed(f"the emulator died: {stack.emulator.last_words()}")


def _print_next_steps(stack: RunningStack) -> None:
    """Say where things are and what to try."""
    me = _command_name()
    out.print()
    out.print(f"[bold]It is up[/bold] on {stack.endpoint}; replies come from {stack.reply_url}")
    out.print("[dim]Try, in another terminal:[/dim]")
    for arguments in (
        f'send --from {DEFAULT_ADDRESS} --body "hi"',
        "chat 4915555550199",
        "send --count 100 --senders 10",
        "console",
        "status",
        "logs --follow",
    ):
        out.print(f"  {escape(me)} {escape(arguments)}", highlight=False)
    out.print(f"[dim]Beware: {ONE_AT_A_TIME}.[/dim]")
    out.print("[dim]Ctrl-C ends it, and everything it started. What arrives from here on:[/dim]")


def _command_name() -> str:
    """Return how this command is called from where the user stands."""
    mine = Path(sys.executable).parent / "unc"
    found = shutil.which("unc")
    if found and Path(found).resolve() == mine.resolve():
        return "unc"
    with contextlib.suppress(ValueError):
        return str(mine.relative_to(Path.cwd()))
    return str(mine) if mine.exists() else str(project.ROOT / ".venv" / "bin" / "unc")


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a SIGTERM and a closed terminal end the block the way Ctrl-C does.

    SIGINT is among them because a shell's background jobs start with it ignored.
    """
    before = {number: signal.signal(number, _interrupt) for number in _ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise what Ctrl-C raises, once: a second signal must not cut the clean-up short."""
    for one in _ENDING_SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt
