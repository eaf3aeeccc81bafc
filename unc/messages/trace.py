"""The way of a message, in time order, and in one sentence what its state is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from consumer.conversation.session import Session
from consumer.masking import mask
from unc.answering.sessions import limit_end
from unc.aws.logs import parse_entry
from unc.aws.tables import Item, stored_at, to_session
from unc.dlq import queues
from unc.messages.post_code import NO_SECRET, explain_code, find_code
from unc.messages.trace_facts import Facts

_SHOWN_FIELDS = ("attempt", "until", "reason", "seconds", "newer_id", "record_id", "error")
# The tables say it too, and exactly.
_REPEATED = ("message stored",)
_NOT_ACCEPTED = ("dead-lettered", "outcome being looked up", "scheduled for retry", "stored")


@dataclass(frozen=True)
class Event:
    """One thing that happened to a message; `at` in epoch seconds, `source` where it is known."""

    at: float
    message_id: str
    what: str
    detail: str
    source: str


@dataclass(frozen=True)
class State:
    """Where a message stands, and the command that helps; blank where none is needed."""

    name: str
    sentence: str
    command: str = ""


@dataclass(frozen=True)
class Trace:
    """Events in time order; `state` is that of the newest message."""

    message_id: str
    sender: str
    events: list[Event]
    state: State
    is_log_partial: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        return asdict(self)


def build_trace(facts: Facts, now: float) -> Trace:
    """Put together what was read; `now` in epoch seconds."""
    events = [*_table_events(facts), *_dead_letter_events(facts), *_log_events(facts)]
    newest = facts.ids[-1] if facts.ids else ""
    return Trace(
        newest,
        mask(facts.sender_id) if facts.sender_id else "",
        sorted(events, key=lambda event: event.at),
        state_of_message(facts, newest, now),
        facts.is_log_partial,
    )


def _table_events(facts: Facts) -> Iterator[Event]:
    for chat in facts.chats:
        id, session = chat["message_id"], chat["session_id"]
        yield Event(float(chat["created_at"]), id, "queued", "", "chats")
        yield Event(float(stored_at(chat)), id, "stored", f"session {session}", "chats")
        if reply := _reply_to(facts, chat):
            # Replies carry whole seconds: not before what they answer.
            at = max(float(reply["created_at"]), float(stored_at(chat)))
            yield Event(at, id, "reply written", f"chat {reply['message_id']}", "chats")
    turn = facts.row.get("turn")
    if turn and turn["message_id"] in facts.ids:
        until = _iso(float(turn["open_until"]))
        at = float(turn["claimed_at"])
        yield Event(at, turn["message_id"], "turn open", f"until {until}", "notifications")


def _reply_to(facts: Facts, chat: Item) -> Item | None:
    """Return the first reply in the second of a message's storing or later, in its session."""
    since = int(stored_at(chat))
    later = [
        reply
        for reply in facts.replies
        if reply["created_at"] >= since and reply.get("session_id") == chat["session_id"]
    ]
    return min(later, key=lambda reply: reply["created_at"], default=None)


def _dead_letter_events(facts: Facts) -> Iterator[Event]:
    for one in facts.dead_letters:
        detail = f"{one.reason} (dead letter {one.id[:8]})"
        what = f"in the dead-letter queue {one.queue}"
        yield Event(one.sent_ms / 1000, one.facts.message_id, what, detail, "dead letters")


def _log_events(facts: Facts) -> Iterator[Event]:
    for line in facts.lines:
        entry = parse_entry(line.text) or {}
        event = str(entry.get("message", ""))
        if event in _REPEATED and facts.chats:
            continue
        detail = " ".join(f"{key}={entry[key]}" for key in _SHOWN_FIELDS if entry.get(key))
        at = _logged_at(entry, line.at / 1000)
        yield Event(at, str(entry.get("message_id")), event, detail, f"log of {line.function}")


def _logged_at(entry: dict[str, Any], otherwise: float) -> float:
    try:
        return datetime.fromisoformat(str(entry.get("timestamp"))).timestamp()
    except ValueError:
        return otherwise


def state_of_message(facts: Facts, message_id: str, now: float) -> State:
    """Say where a message stands, and how its last POST ended where none was accepted."""
    state = _state(facts, message_id, now)
    ended = _last_post(facts, message_id) if state.name in _NOT_ACCEPTED else None
    if ended is None:
        return state
    took = f" after {ended['seconds']} s" if "seconds" in ended else ""
    code = find_code(str(ended["reason"])) or str(ended["reason"])
    meaning = explain_code(code)
    last = f"The last POST ended as {code}{took}{': ' if meaning else ''}{meaning}."
    return replace(state, sentence=f"{state.sentence} {last}")


def _last_post(facts: Facts, message_id: str) -> dict[str, Any] | None:
    posts = [entry for entry in _entries(facts, message_id) if _ends_post(entry)]
    return posts[-1] if posts and "reason" in posts[-1] else None


def _ends_post(entry: dict[str, Any]) -> bool:
    """Say whether an entry tells how a POST ended; without a secret there is none to end."""
    is_retry = entry.get("message") == "notification scheduled for retry"
    return entry.get("message") == "post ended" or (
        is_retry and find_code(str(entry.get("reason"))) == NO_SECRET
    )


def _state(facts: Facts, message_id: str, now: float) -> State:
    """Dead letters first, then what the tables hold."""
    for one in facts.dead_letters:
        if one.facts.message_id == message_id:
            what = "is not stored" if one.queue == queues.MESSAGES else "is stored, not notified"
            sentence = f"The message {what}; it is a dead letter: {one.reason}."
            return State("dead-lettered", sentence, f"unc dlq redrive --id {one.id}")
    chat = next((chat for chat in facts.chats if chat["message_id"] == message_id), None)
    if chat is None:
        sentence = (
            "Nobody knows such a message: it waits in the queue, is no inbound message, was "
            "deleted, or never came."
        )
        return State("unknown", sentence, "unc status")
    return _open_state(facts, chat, now) or _settled_state(facts, chat, now)


def _open_state(facts: Facts, chat: Item, now: float) -> State | None:
    """Say what a turn, or what is pending, means for the message; None where neither holds it."""
    turn, pending, moment = facts.row.get("turn"), facts.row.get("pending"), stored_at(chat)
    is_covered = facts.row.get("through", Decimal(-1)) >= moment
    if is_covered:
        return None
    if turn and turn["stored_at"] >= moment:
        open_until = float(turn["open_until"])
        if now < open_until:
            sentence = f"A POST for it is open until {_iso(open_until)} at most."
            return State("turn open", sentence, f"unc trace {chat['message_id']}")
        sentence = "The POST's outcome is unknown; what the reply service left is being looked up."
        return State("outcome being looked up", sentence, "unc logs")
    if paused := _paused_state(facts, chat, now):
        return paused
    if pending and pending["stored_at"] >= moment:
        wake_at = float(facts.row.get("wake_at", 0))
        attempt = int(pending.get("attempt", 1))
        when = f"at {_iso(wake_at)}" if wake_at else "soon"
        if attempt > 1:
            sentence = f"A POST failed; attempt {attempt} follows {when}."
            return State("scheduled for retry", sentence, "unc logs --errors")
        return State("waiting for its turn", f"It waits for its turn, which comes {when}.")
    return None


def _paused_state(facts: Facts, chat: Item, now: float) -> State | None:
    """Say that a pause holds the message, or held it; None where the limit is no pause."""
    session = _session_of(facts, chat)
    until = limit_end(session) if session and session.is_paused else None
    if until is None or "message opted out" in _logged(facts, chat["message_id"]):
        return None
    if until <= now and facts.row.get("pending"):
        return None
    verb = "is" if until > now else "was"
    sentence = f"The sender {verb} paused until {_iso(until)}; no POST was made for the message."
    return State("paused", sentence, f"unc resume {chat['message_id']}")


def _settled_state(facts: Facts, chat: Item, now: float) -> State:
    """Say what became of a message that waits for nothing."""
    id, events = chat["message_id"], _logged(facts, chat["message_id"])
    if "message opted out" in events:
        return State("opted out", "The sender opted out; Twilio has answered, nobody else may.")
    session = _session_of(facts, chat)
    until = limit_end(session) if session else None
    is_covered = facts.row.get("through", Decimal(-1)) >= stored_at(chat)
    if not is_covered and until:
        ends = "is limited" if until > now else "was limited"
        sentence = f"The sender {ends} until {_iso(until)}, so the message is not notified."
        return State("limited", sentence, f"unc replay {id}")
    if not is_covered:
        return State("stored", "It is stored; the notifier has not handled it yet.", "unc status")
    if reply := _reply_to(facts, chat):
        seconds = max(0.0, float(reply["created_at"]) - float(chat["created_at"]))
        return State("replied", f"It was replied to, {seconds:.0f} s after it was queued.")
    if "message notified" in events:
        name, sentence = "told", "The reply service was told of it"
    else:
        name, sentence = "covered", "The message is covered"
    sentence += ", and no reply to it stands in these tables."
    return State(name, sentence, f"unc replay {id}")


def _logged(facts: Facts, message_id: str) -> list[str]:
    return [str(each.get("message")) for each in _entries(facts, message_id)]


def _entries(facts: Facts, message_id: str) -> list[dict[str, Any]]:
    entries = [parse_entry(line.text) or {} for line in facts.lines]
    return [each for each in entries if each.get("message_id") == message_id]


def _session_of(facts: Facts, chat: Item) -> Session | None:
    row = facts.sessions.get(chat["session_id"])
    return to_session(row) if row else None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
