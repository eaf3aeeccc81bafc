"""What a message says: text, media, location, buttons, replies, referrals.

Fields and their meaning: https://www.twilio.com/docs/messaging/guides/webhook-request
(a choice from a list is not on it: public programs read ListId; its title and description
are said to stand beside it).
A part that is absent or blank leaves no key; a broken part costs itself and a warning.
"""

import re
from typing import Any

from consumer.text import parse_count, parse_number
from consumer.webhook.form import Form

Part = dict[str, Any]

_NOTHING: tuple[object, ...] = (None, [], {})
_MEDIA_FIELD = re.compile(r"Media(?:Url|ContentType)([0-9]{1,4})")
_TYPE_OF_PART = {
    "button": "button",
    "interactive": "interactive",
    "flow": "interactive",
    "list": "interactive",
    "location": "location",
}
_TYPE_OF_MEDIA = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "application/ogg": "audio",
    "text/vcard": "contacts",
    "text/x-vcard": "contacts",
    "text/directory": "contacts",
}


def read_content(form: Form, channel: str) -> Part:
    """Normalize everything a person said or tapped; the four fixed keys are always there."""
    media = _media_items(form)
    content: Part = {
        "text": form.fields.get("Body", ""),
        "media_count": len(media),
        "segments": _segments(form, channel),
    }
    optional = {
        "media_items": media,
        "location": _location(form),
        "button": _named(form, text="ButtonText", payload="ButtonPayload", type="ButtonType"),
        "list": _named(form, id="ListId", title="ListTitle", description="ListDescription"),
        "interactive": form.document("InteractiveData"),
        "flow": form.document("FlowData"),
        "reply_to": _quoted(form),
        "forwarded": form.flag("Forwarded"),
        "frequently_forwarded": form.flag("FrequentlyForwarded"),
        "referral": _referral(form),
    }
    return content | {key: value for key, value in optional.items() if value not in _NOTHING}


def message_type(form: Form, content: Part) -> str:
    """Twilio's `MessageType`, or, where a channel does not send it, what the content shows."""
    stated = form.get("MessageType")
    if stated:
        return stated.lower()
    for part, kind in _TYPE_OF_PART.items():
        if part in content:
            return kind
    media = content.get("media_items")
    return _type_of(media[0]["content_type"]) if media else "text"


def _type_of(content_type: str | None) -> str:
    """What a medium is, by its content type without parameters."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    return _TYPE_OF_MEDIA.get(kind) or _TYPE_OF_MEDIA.get(kind.partition("/")[0], "document")


def _segments(form: Form, channel: str) -> int | None:
    stated = form.get("NumSegments")
    if stated is None:
        return None if channel == "sms" else 1
    count = parse_count(stated)
    if count is None:
        form.warn("NumSegments is no count")
    return count


def _media_items(form: Form) -> list[Part]:
    """Every media url that is there; `NumMedia` is only held against it."""
    found = {int(m[1]) for m in map(_MEDIA_FIELD.fullmatch, form.fields) if m}
    items = [
        {"url": url, "content_type": form.get(f"MediaContentType{n}")}
        for n in sorted(found)
        if (url := form.get(f"MediaUrl{n}"))
    ]
    if len(items) < len(found):
        form.warn("a media url is missing")
    stated = form.get("NumMedia")
    if stated is not None and parse_count(stated) is None:
        form.warn("NumMedia is no count")
    elif stated is not None and parse_count(stated) != len(items):
        form.warn("NumMedia disagrees with the media urls")
    return items


def _location(form: Form) -> Part:
    location: Part = _named(form, address="Address", label="Label")
    for key, field in (("latitude", "Latitude"), ("longitude", "Longitude")):
        stated = form.get(field)
        number = parse_number(stated) if stated else None
        if number is not None:
            location[key] = number
        elif stated:
            form.warn(f"{field} is no number")
    return location


def _quoted(form: Form) -> Part:
    sender = form.address("OriginalRepliedMessageSender")
    return _named(form, message_id="OriginalRepliedMessageSid") | (
        {"sender": sender} if sender else {}
    )


def _referral(form: Form) -> Part:
    if form.get("ReferralSourceId") is None:  # ReferralNumMedia=0 stands on ordinary messages
        return {}
    return _named(
        form,
        body="ReferralBody",
        headline="ReferralHeadline",
        source_id="ReferralSourceId",
        source_type="ReferralSourceType",
        source_url="ReferralSourceUrl",
        media_id="ReferralMediaId",
        media_content_type="ReferralMediaContentType",
        media_url="ReferralMediaUrl",
        ctwa_clid="ReferralCtwaClid",
    )


def _named(form: Form, **names: str) -> Part:
    """The present ones of some fields, under our names for them."""
    return {key: value for key, name in names.items() if (value := form.get(name)) is not None}
