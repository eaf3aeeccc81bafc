"""The way of one message, as `unc trace` shows it."""

from __future__ import annotations

import time

from unc.aws.sender_lookup import is_message_id
from unc.console.page import Call, Console, Page
from unc.errors import BadInput
from unc.messages.trace import build_trace
from unc.messages.trace_facts import read_facts


def show_trace(console: Console, call: Call) -> Page:
    """Show what tables, dead letters and logs know; raises BadInput for what is no message id."""
    id = call.parts["message_id"]
    if not is_message_id(id):
        raise BadInput("this is no message id", "SM… or MM…, as logs and conversations show it")
    facts = read_facts(console.aws, console.resources, id)
    found = build_trace(facts, time.time())
    chat = next((chat for chat in facts.chats if chat["message_id"] == id), {})
    return Page("trace", "Trace", found.as_json() | {"session_id": chat.get("session_id", "")})
