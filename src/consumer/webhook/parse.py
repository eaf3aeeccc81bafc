"""A webhook body becomes an inbound message, a status callback, or malformed.

Nothing here raises: any text at all leads to one of the three.
"""

import re
from typing import Any

from consumer.item_size import MAX_ITEM_BYTES, size_of
from consumer.webhook.content import message_type, read_content
from consumer.webhook.envelope import open_body
from consumer.webhook.form import Form
from consumer.webhook.message import InboundMessage, Malformed, Parsed, StatusCallback, as_dict
from consumer.webhook.no_message import why_no_message
from consumer.webhook.sender import read_sender

# Keys of `chats`: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_SENDER_ID_BYTES = 2048
MAX_MESSAGE_ID_BYTES = 1024

# Documents of strangers' making: the first to go when an item grows too large.
_DISPENSABLE = (("metadata", "channel_data"), ("content", "flow"), ("content", "interactive"))
_INBOUND_STATUSES = ("received", "receiving")
_STATUS_FIELDS = ("MessageStatus", "SmsStatus")
_OTHER_RECIPIENT = re.compile(r"OtherRecipients([0-9]{1,4})")


def parse_inbound(body: object) -> Parsed:
    """Classify and normalize a webhook body."""
    if not isinstance(body, str):
        return Malformed("the body is not text")
    form = open_body(body)
    if isinstance(form, Malformed):
        return form
    if _is_callback(form):
        return StatusCallback(_read_metadata(form), form.fields)
    return _read_message(form)


def _is_callback(form: Form) -> bool:
    """Whether either field states a status that no inbound message has.

    Inbound messages of some accounts carry `MessageStatus=received`, so presence decides nothing.
    """
    stated = (form.get(name) for name in _STATUS_FIELDS)
    return any(status and status.lower() not in _INBOUND_STATUSES for status in stated)


def _read_message(form: Form) -> InboundMessage | Malformed:
    channel, sender = read_sender(form)
    content = read_content(form, channel)
    reason = why_no_message(form, sender["id"], content)
    if reason:
        return Malformed(reason, form.fields)
    kind = message_type(form, content)
    metadata = _read_metadata(form)
    parsed = InboundMessage(kind, channel, sender, content, metadata, form.fields)
    return _fit(parsed)


def _read_metadata(form: Form) -> dict[str, Any]:
    source = form.sid_field
    metadata: dict[str, Any] = {
        "message_id": form.sid,
        "account_id": form.get("AccountSid"),
        "status": form.get("SmsStatus") or form.get("MessageStatus"),
        "channel_data": form.document("ChannelMetadata"),
    }
    extras = {
        "message_id_source": source if source != "MessageSid" else None,
        "to": form.address("To"),
        "other_recipients": _other_recipients(form),
        "messaging_service_id": form.get("MessagingServiceSid"),
        "opt_out_type": form.get("OptOutType"),
        "warnings": form.warnings,
    }
    return metadata | {key: value for key, value in extras.items() if value}


def _other_recipients(form: Form) -> list[str]:
    """The other people of a group message, in the order of their numbers."""
    names = {int(m[1]): m[0] for m in map(_OTHER_RECIPIENT.fullmatch, form.fields) if m}
    return [address for n in sorted(names) if (address := form.address(names[n]))]


def _fit(parsed: InboundMessage) -> InboundMessage | Malformed:
    """Hold the message against what a DynamoDB item may be."""
    if len(parsed.sender_id.encode()) > MAX_SENDER_ID_BYTES:
        return Malformed(f"the sender id exceeds {MAX_SENDER_ID_BYTES} bytes", parsed.raw)
    if len(parsed.message_id.encode()) > MAX_MESSAGE_ID_BYTES:
        return Malformed(f"the message id exceeds {MAX_MESSAGE_ID_BYTES} bytes", parsed.raw)
    parts = as_dict(parsed) | {"raw": None}
    for part, key in _DISPENSABLE:
        if size_of(parts) <= MAX_ITEM_BYTES:
            return parsed
        _drop(parts, part, key)
    if size_of(parts) > MAX_ITEM_BYTES:
        return Malformed("the message is larger than a DynamoDB item may be", parsed.raw)
    return parsed


def _drop(parts: dict[str, Any], part: str, key: str) -> None:
    if parts[part].get(key) is not None:
        parts[part][key] = None
        parts["metadata"].setdefault("warnings", []).append(f"{key} dropped: item too large")
