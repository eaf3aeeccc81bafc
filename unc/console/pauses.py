"""Pause and resume a sender from a conversation, as `unc pause` and `unc resume` do."""

from __future__ import annotations

import time

from unc.answering.duration import read_duration
from unc.answering.pause import pause_sender
from unc.answering.resume import resume_sender
from unc.console.conversations import find_sender
from unc.console.page import Call, Console, GoTo
from unc.errors import BadInput


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
