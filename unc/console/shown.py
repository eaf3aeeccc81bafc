"""What a page shows of people and messages: the last digits of a number, until somebody asks.

Rows of other writers may lack any part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from consumer.masking import mask
from consumer.text import as_mapping, as_text
from unc.aws.tables import Item
from unc.console.page import Model
from unc.messages.conversation import describe_content

_WEB = ("http", "https")
# As in logs: Sids and UUIDs name nobody, a number of 8 to 15 digits may.
_ID = r"\b(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Z]{2}[0-9A-Fa-f]{32})\b"
# A date, as in Twilio's own addresses of media.
_DATE = r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!-?\d)"
# People group digits by blanks, brackets and dashes, and copy invisible characters along.
_BETWEEN = (
    r"[ ()./\-\u00a0\u00ad\u1680\u2000-\u2015\u202a-\u202f\u205f-\u2069\u3000\ufe58-\uff0d]{0,3}"
)
_NUMBER = rf"(?<![^\W_])\+?\d(?:{_BETWEEN}\d){{7,14}}(?!\d)|(?<!\d)\d{{10,15}}(?!\d)"
_FOUND = re.compile(rf"(?P<id>{_ID}|{_DATE})|{_NUMBER}")


def show_sender(sender_id: str, reveals: bool) -> str:
    """Return a person's id, masked unless revealed."""
    return sender_id if reveals or not sender_id else mask(sender_id)


def show_text(text: str, reveals: bool) -> str:
    """Return a text; numbers that may be somebody's are masked unless revealed."""
    return text if reveals else _FOUND.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    return found[0] if found["id"] else mask(found[0])


def show_chat(chat: Item, reveals: bool) -> Model:
    """Return what a bubble shows, numbers masked unless revealed."""
    content = as_mapping(chat.get("content"))
    media = content.get("media_items")
    media = media if isinstance(media, list) else []
    return {
        "message_id": chat["message_id"],
        "is_inbound": chat.get("chat_type") == "inbound",
        "at": float(chat["created_at"]),
        "text": show_text(as_text(content.get("text")), reveals),
        "media": [_show_media(as_mapping(each), reveals) for each in media],
        "location": _show_location(as_mapping(content.get("location")), reveals),
        "choice": show_text(_choice(content), reveals),
        "reply_to": show_text(_quoted(content), reveals),
    }


def show_summary(chat: Item, reveals: bool) -> str:
    """Return a message in a few words, for a list."""
    return show_text(describe_content(as_mapping(chat.get("content"))), reveals)


def _show_media(media: Mapping[str, Any], reveals: bool) -> Model:
    """Return a link; what is no web address, or holds a number, stays text."""
    url = as_text(media.get("url"))
    shown = show_text(url, reveals)
    kind = show_text(as_text(media.get("content_type")), reveals) or "media"
    return {"url": shown, "is_link": shown == url and _is_web(url), "content_type": kind}


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in _WEB
    except ValueError:
        return False


def _show_location(location: Mapping[str, Any], reveals: bool) -> Model:
    """Return a place in words; the label is blank where there is none."""
    if not location:
        return {"label": "", "detail": ""}
    place = ", ".join(str(location[key]) for key in ("latitude", "longitude") if key in location)
    named = [show_text(as_text(location.get(key)), reveals) for key in ("label", "address")]
    return {"label": "location", "detail": " · ".join(filter(None, [*named, place]))}


def _quoted(content: Mapping[str, Any]) -> str:
    return as_text(as_mapping(content.get("reply_to")).get("message_id"))


def _choice(content: Mapping[str, Any]) -> str:
    """Return the words of a tapped button or of an entry chosen from a list."""
    button, entry = as_mapping(content.get("button")), as_mapping(content.get("list"))
    words = (button.get("text"), button.get("payload"), entry.get("title"), entry.get("id"))
    return next((as_text(each) for each in words if each), "")
