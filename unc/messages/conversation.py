"""A conversation as its reader would want it: sessions in order, each side's messages in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.markup import escape

from consumer.text import as_mapping, as_text
from unc.aws.tables import Item, Tables
from unc.errors import BadInput
from unc.messages.sender import read_sender
from unc.terminal import clock, day, printable

_KNOWN_SENDERS_SHOWN = 5
# A reply in whole seconds: what it answers may lie later within the same second.
_END_OF_SECOND = Decimal("0.999999999")


@dataclass(frozen=True)
class Part:
    """One session and what was said in it, oldest first."""

    session: Item
    chats: list[Item]


@dataclass(frozen=True)
class Conversation:
    """Everything a sender and the reply service said to each other."""

    sender_id: str
    parts: list[Part]

    def as_json(self) -> dict[str, Any]:
        """Return it as one document."""
        parts = [{**part.session, "chats": part.chats} for part in self.parts]
        return {"sender_id": self.sender_id, "sessions": parts}


def read_conversation(tables: Tables, sender: str) -> Conversation:
    """Read all of a sender's sessions and chats; raises BadInput when there are none."""
    sender_id = read_sender(sender)
    chats = sorted(tables.read_conversation(sender_id), key=place)
    if not chats:
        raise BadInput(f"no messages of {sender_id}", _suggest_senders(tables))
    sessions = tables.read_sessions(chat["session_id"] for chat in chats)
    parts: dict[str, Part] = {}
    for chat in chats:
        known = {
            "session_id": chat["session_id"],
            "status": "unknown",
            **sessions.get(chat["session_id"], {}),
        }
        parts.setdefault(chat["session_id"], Part(known, [])).chats.append(chat)
    return Conversation(sender_id, list(parts.values()))


def place(chat: Item) -> tuple[Decimal, str]:
    """Order by time, a reply in whole seconds after what came in within its second."""
    created_at: Decimal = chat["created_at"]
    if chat["chat_type"] == "outbound" and created_at == int(created_at):
        return created_at + _END_OF_SECOND, chat["message_id"]
    # No arithmetic here: a place has more digits than a sum keeps.
    return created_at, chat["message_id"]


def _suggest_senders(tables: Tables) -> str:
    """Name those who wrote last."""
    senders = tables.read_latest_senders()[:_KNOWN_SENDERS_SHOWN]
    return f"lately wrote: {', '.join(senders)}" if senders else "nobody has written yet"


def render_conversation(conversation: Conversation) -> Iterator[str]:
    """Yield the lines to print, with markup."""
    for part in conversation.parts:
        yield _render_head(part, conversation.sender_id)
        date = _date(_opened(part))
        for chat in part.chats:
            if _date(chat["created_at"]) != date:
                date = _date(chat["created_at"])
                yield f"  [dim]{date}[/dim]"
            yield _render_chat(chat)


def _opened(part: Part) -> Decimal:
    """Return when the session was opened, or its first message queued."""
    opened: Decimal = {**part.chats[0], **part.session}["created_at"]
    return opened


def _date(seconds: Decimal) -> str:
    """Return a moment as local date."""
    return day(seconds)[:10]


def _render_head(part: Part, sender_id: str) -> str:
    """Say whose session it is, since when, and how it stands."""
    name = next(
        (n for chat in part.chats if (n := (chat.get("sender_info") or {}).get("name"))), ""
    )
    who = (
        f"[bold]{escape(printable(name))}[/bold] {sender_id}"
        if name
        else f"[bold]{sender_id}[/bold]"
    )
    short = part.session["session_id"][:8]
    return (
        f"{who}  [dim]session {short}, {part.session['status']}, since {day(_opened(part))}[/dim]"
    )


def _render_chat(chat: Item) -> str:
    """Show who said what and when, on one line."""
    outbound = chat["chat_type"] == "outbound"
    mark, style = ("◂", "green") if outbound else ("▸", "cyan")
    words = escape(printable(describe_content(chat.get("content") or {})).replace("\n", " ⏎ "))
    line = f"  [dim]{clock(chat['created_at'])}[/dim] [{style}]{mark}[/{style}] {words}"
    word = as_text(as_mapping(chat.get("metadata")).get("opt_out_type"))
    return f"{line} [dim](Twilio answered: {escape(printable(word))})[/dim]" if word else line


def describe_content(content: Mapping[str, Any]) -> str:
    """Put text and everything beside it into words."""
    media = content.get("media_items")
    parts = [as_text(content.get("text"))]
    for item in media if isinstance(media, list) else []:
        parts.append(f"[{as_mapping(item).get('content_type') or 'media'}]")
    if location := as_mapping(content.get("location")):
        parts.append(f"[at {location.get('latitude')}, {location.get('longitude')}]")
    if button := as_mapping(content.get("button")):
        parts.append(f"[tapped {button.get('text') or button.get('payload')}]")
    if content.get("reply_to"):
        parts.append("[quoting an earlier message]")
    return " ".join(filter(None, parts)) or "[nothing]"
