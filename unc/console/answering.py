"""Pause and resume one sender, or stop and start answering for everybody, as the commands do."""

from __future__ import annotations

import time
from collections.abc import Callable

from unc.answering.duration import read_duration
from unc.answering.pause import pause_sender
from unc.answering.resume import resume_sender
from unc.answering.stop import (
    Answering,
    Progress,
    Started,
    start_answering,
    stop_answering,
)
from unc.aws.tables import Tables
from unc.console.conversations import find_sender
from unc.console.jobs import Job
from unc.console.page import Call, Console, GoTo
from unc.errors import BadInput

_ACTIONS: dict[str, Callable[[Tables, float, Progress], Answering | Started]] = {
    "stop": stop_answering,
    "start": start_answering,
}


def pause(console: Console, call: Call) -> GoTo:
    """Pause the person of a conversation; raises BadInput where a longer limit stands."""
    session_id = call.parts["session_id"]
    seconds = read_duration("the pause", call.form.get("for", ""))
    found = pause_sender(console.tables, find_sender(console, session_id), seconds, time.time())
    if not found.is_written:
        raise BadInput(
            f"the reply service itself limits this person until {found.own_limit} UTC",
            "that is longer, so nothing was written",
        )
    return GoTo(f"/conversations/{session_id}#end")


def resume(console: Console, call: Call) -> GoTo:
    """Lift the pause; the reply service hears once of the newest message that waits."""
    session_id = call.parts["session_id"]
    resume_sender(console.tables, find_sender(console, session_id), time.time())
    return GoTo(f"/conversations/{session_id}#end")


def change_answering(console: Console, call: Call) -> GoTo:
    """Stop or start answering for the whole stack; switching event sources takes a while."""
    action = call.form.get("action", "")
    if action not in _ACTIONS:
        raise BadInput("nothing to do was chosen", " or ".join(_ACTIONS))

    def work(job: Job) -> None:
        found = _ACTIONS[action](console.tables, time.time(), job.notes.append)
        job.notes.append(found.sentence())
        job.done = job.total

    job = console.jobs.start(Job(f"{action.capitalize()} answering", 1, "/"), work)
    return GoTo(f"/jobs/{job.id}")
