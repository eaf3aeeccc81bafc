"""Bodies that are no message: other webhooks of the same account, and fields of nobody.

Fields: https://www.twilio.com/docs/voice/twiml#request-parameters (calls),
https://www.twilio.com/docs/conversations/conversations-webhooks (Conversations).
"""

import re
from typing import Any

from consumer.webhook.form import Form

_SAID = (
    "media_items",
    "location",
    "button",
    "list",
    "interactive",
    "flow",
    "reply_to",
    "referral",
)
_CALL_FIELDS = ("CallSid", "CallStatus", "ParentCallSid")
_FAX_FIELDS = ("FaxSid", "FaxStatus")
_CONVERSATION_EVENT = re.compile(r"on[A-Z][A-Za-z]*")
_CONVERSATION_MESSAGE_SID = "IM"


def why_no_message(form: Form, sender_id: str, content: dict[str, Any]) -> str | None:
    """Say why a body that is no status callback is no message either; None when it is one."""
    has_content = _has_content(form, content)
    if _is_conversation_event(form, sender_id, has_content):
        return "no message: a Conversations event"
    if not has_content and _has_any(form, _CALL_FIELDS):
        return "no message: a voice call's webhook"
    if not has_content and _has_any(form, _FAX_FIELDS):
        return "no message: a fax's webhook"
    if not sender_id:
        return "no sender: WaId, From and the external user ids are blank"
    if not has_content and not _is_named_message(form):
        return "no message: neither a message id nor a text, media or anything else said"
    return None


def _has_content(form: Form, content: dict[str, Any]) -> bool:
    return bool(form.sid or content["text"].strip() or any(name in content for name in _SAID))


def _is_conversation_event(form: Form, sender_id: str, has_content: bool) -> bool:
    """Its messages have a Sid and a text too, but another kind of Sid, and no sender's address."""
    named = form.get("ConversationSid") or _CONVERSATION_EVENT.fullmatch(
        form.get("EventType") or ""
    )
    sid = form.sid or ""
    is_message = sender_id and has_content and not sid.startswith(_CONVERSATION_MESSAGE_SID)
    return bool(named and not is_message)


def _is_named_message(form: Form) -> bool:
    """Whether a status or a type, which only messages have, calls an empty body a message."""
    return _has_any(form, ("SmsStatus", "MessageStatus", "MessageType"))


def _has_any(form: Form, names: tuple[str, ...]) -> bool:
    return any(form.get(name) for name in names)
