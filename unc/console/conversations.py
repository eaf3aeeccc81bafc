"""Who wrote last, and what was said. Addresses carry session ids and Sids, never numbers."""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation

from consumer.text import as_mapping, as_text
from unc.answering.pause import AFTERWARDS, MARK, NOT_HELD
from unc.aws.sender_lookup import find_writer, is_message_id
from unc.aws.tables import Item, stored_at
from unc.console.page import Call, Console, GoTo, Model, Page
from unc.console.shown import show_chat, show_sender, show_summary, show_text
from unc.errors import BadInput
from unc.messages.conversation import place
from unc.messages.sender import read_sender
from unc.messages.trace import state_of_message
from unc.messages.trace_facts import Facts

# Of a page.
_MESSAGES = 100


def show_people(console: Console, call: Call) -> Page:
    """Show people by their latest message, newest first."""
    return _people_page(console, _read_before(call), "")


def _people_page(console: Console, before: Decimal | None, problem: str) -> Page:
    chats = _complete(console.tables.read_newest_inbound(before, _MESSAGES))
    newest: dict[str, Item] = {}
    for chat in chats:
        newest.setdefault(chat["sender_id"], chat)
    model = {
        "people": [_show_person(chat) for chat in newest.values()],
        "older": _older("/conversations", chats),
        "is_newest": before is None,
        "problem": problem,
    }
    return Page("people", "Conversations", model, 404 if problem else 200)


def _complete(chats: list[Item]) -> list[Item]:
    """Fill in the session, which chats of other writers may lack."""
    return [{"session_id": "", **chat} for chat in chats]


def _show_person(chat: Item) -> Model:
    return {
        "session_id": chat["session_id"],
        "name": _name_of(chat, reveals=False),
        "sender": show_sender(chat["sender_id"], reveals=False),
        "at": float(chat["created_at"]),
        "text": show_summary(chat, reveals=False),
    }


def _name_of(chat: Item, reveals: bool) -> str:
    return show_text(as_text(as_mapping(chat.get("sender_info")).get("name")), reveals)


def search(console: Console, call: Call) -> Page | GoTo:
    """Find a conversation by number, or by the id of a message or a session."""
    wanted = call.form.get("wanted", "").strip()
    session_id = _find_session(console, wanted)
    if session_id:
        return GoTo(f"/conversations/{session_id}")
    problem = "Nobody found. Search for a whole number, a message id or a session id."
    return _people_page(console, None, problem)


def _find_session(console: Console, wanted: str) -> str:
    """Return the newest session of whoever is meant, or blank."""
    if not is_message_id(wanted):
        return _newest_session(console, read_sender(wanted)) if wanted else ""
    if wanted in console.tables.read_sessions([wanted]):
        return wanted
    writer = find_writer(console.tables, wanted)
    chats = console.tables.read_chats([(writer, wanted)]) if writer else []
    return str(chats[0]["session_id"]) if chats else ""


def _newest_session(console: Console, sender_id: str) -> str:
    chats = console.tables.read_newest_chats(sender_id, None, 1) if sender_id else []
    return str(chats[0].get("session_id", "")) if chats else ""


def show_conversation(console: Console, call: Call) -> Page:
    """Show what a person and the reply service said, sessions as dividers."""
    return _conversation_page(console, call, reveals=False)


def reveal(console: Console, call: Call) -> Page:
    """Show the same with numbers."""
    return _conversation_page(console, call, reveals=True)


def _conversation_page(console: Console, call: Call, reveals: bool) -> Page:
    session_id = call.parts["session_id"]
    sender_id = find_sender(console, session_id)
    before = _read_before(call)
    newest_first = _complete(console.tables.read_newest_chats(sender_id, before, _MESSAGES))
    chats = sorted(newest_first, key=place)
    ids = [session_id, *(chat["session_id"] for chat in chats)]
    sessions = console.tables.read_sessions(filter(None, ids))
    row = console.tables.read_notifications([sender_id]).get(sender_id, {})
    facts = _facts_of(sender_id, chats, sessions, row)
    model = {
        "session_id": session_id,
        "sender": show_sender(sender_id, reveals),
        "name": next((n for c in newest_first if (n := _name_of(c, reveals))), ""),
        "is_revealed": reveals,
        "is_newest": before is None,
        "parts": _parts(facts, chats, reveals),
        "paused_until": max((as_text(each.get(MARK)) for each in sessions.values()), default=""),
        "not_held": NOT_HELD,
        "afterwards": AFTERWARDS,
        "older": _older(f"/conversations/{session_id}", newest_first),
    }
    return Page("conversation", "Conversation", model)


def find_sender(console: Console, session_id: str) -> str:
    """Return whose session it is; raises BadInput where nobody's."""
    session = console.tables.read_sessions([session_id]).get(session_id)
    if session:
        return str(session["sender_id"])
    chats = console.tables.read_session_chats(session_id, 1)
    if not chats:
        raise BadInput("there is no such session", "a legacy consumer's, or an erased person's?")
    return str(chats[0]["sender_id"])


def _facts_of(sender_id: str, chats: list[Item], sessions: dict[str, Item], row: Item) -> Facts:
    """Return what states are made of; logs and dead letters are left to the trace."""
    inbound = [chat for chat in chats if chat["chat_type"] == "inbound"]
    return Facts(
        ids=[chat["message_id"] for chat in inbound],
        sender_id=sender_id,
        chats=inbound,
        replies=[chat for chat in chats if chat["chat_type"] == "outbound"],
        sessions=sessions,
        row=row,
    )


def _parts(facts: Facts, chats: list[Item], reveals: bool) -> list[Model]:
    """Return sessions in the order of their first message shown, each with its messages."""
    parts: dict[str, Model] = {}
    now = time.time()
    for chat in chats:
        id = chat["session_id"]
        if id not in parts:
            parts[id] = {"session_id": id, **_show_session(facts.sessions.get(id, {})), "chats": []}
        shown = show_chat(chat, reveals)
        if shown["is_inbound"]:
            shown |= _progress(facts, chat, now)
        parts[id]["chats"].append(shown)
    return list(parts.values())


def _show_session(session: Item) -> Model:
    opened = session.get("created_at")
    return {
        "status": as_text(session.get("status")) or "unknown",
        "opened": float(opened) if opened is not None else None,
        "limited_until": as_text(session.get("user_limited_until")),
    }


def _progress(facts: Facts, chat: Item, now: float) -> Model:
    """Return how far a message has come: the state by name, in a sentence, and what helps."""
    state = state_of_message(facts, chat["message_id"], now)
    return {
        "stored": float(stored_at(chat)),
        "is_notified": facts.row.get("through", Decimal(-1)) >= stored_at(chat),
        "state": state.name,
        "sentence": state.sentence,
    }


def _read_before(call: Call) -> Decimal | None:
    """Return the moment that a page ends at; None for the newest page."""
    text = call.query.get("before", "")
    try:
        moment = Decimal(text) if text else None
    except InvalidOperation:
        moment = Decimal("NaN")
    if moment is not None and not moment.is_finite():
        raise BadInput("before is no moment", "epoch seconds, as in the link of a page")
    return moment


def _older(address: str, newest_first: list[Item]) -> str:
    """Return the address of the page before this one; blank where there is none."""
    if len(newest_first) < _MESSAGES:
        return ""
    return f"{address}?before={newest_first[-1]['created_at']}"
