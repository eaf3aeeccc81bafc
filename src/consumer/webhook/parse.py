"""A webhook body becomes an inbound message, a status callback, or malformed.

Nothing here raises: any text at all leads to one of the three.
"""

from typing import Any

from consumer.item_size import MAX_ITEM_BYTES, size_of
from consumer.webhook.address import Address, parse_address
from consumer.webhook.content import message_type, read_content
from consumer.webhook.form import Form, parse_form
from consumer.webhook.message import InboundMessage, Malformed, Parsed, StatusCallback, as_dict

# Keys of `chats`: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_SENDER_ID_BYTES = 2048
MAX_MESSAGE_ID_BYTES = 1024

# Documents of strangers' making: the first to go when an item grows too large.
_DISPENSABLE = (("metadata", "channel_data"), ("content", "flow"), ("content", "interactive"))
_INBOUND_STATUSES = ("received", "receiving")


def parse_inbound(body: object) -> Parsed:
    """Classify and normalize a webhook body."""
    if not isinstance(body, str):
        return Malformed("the body is not text")
    form = parse_form(body)
    if not form:
        return Malformed("the body holds no fields")
    if _is_callback(form):
        return StatusCallback(_read_metadata(form), form.fields)
    return _read_message(form)


def _is_callback(form: Form) -> bool:
    """MessageStatus present, or an SmsStatus that no inbound message has."""
    if form.get("MessageStatus"):
        return True
    status = form.get("SmsStatus")
    return status is not None and status.lower() not in _INBOUND_STATUSES


def _read_message(form: Form) -> InboundMessage | Malformed:
    address = parse_address(form.get("From") or "")
    sender = _read_sender(form, address)
    if not sender["id"]:
        return Malformed("no sender: WaId, From and the external user ids are blank", form.fields)
    channel = _channel(form, address)
    content = read_content(form, channel)
    kind = message_type(form, content)
    metadata = _read_metadata(form)
    parsed = InboundMessage(kind, channel, sender, content, metadata, form.fields)
    return _fit(parsed)


def _channel(form: Form, address: Address) -> str:
    if address.value:
        return address.channel
    return "whatsapp" if form.get("WaId") else parse_address(_external_id(form)).channel


def _external_id(form: Form) -> str:
    return form.get("ExternalUserId") or form.get("ParentExternalUserId") or ""


def _read_sender(form: Form, address: Address) -> dict[str, Any]:
    whatsapp = Address("whatsapp", (form.get("WaId") or "").removeprefix("+"))
    sender = {
        "id": whatsapp.id or address.id or parse_address(_external_id(form)).id,
        "name": form.get("ProfileName"),
        "phone": address.phone or whatsapp.phone,
    }
    extras = {
        "address": form.get("From"),
        "username": form.get("ProfileUsername") or form.get("Username"),
        "external_id": form.get("ExternalUserId"),
        "parent_external_id": form.get("ParentExternalUserId"),
        "city": form.get("FromCity"),
        "state": form.get("FromState"),
        "zip": form.get("FromZip"),
        "country": form.get("FromCountry"),
    }
    return sender | {key: value for key, value in extras.items() if value}


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
        "to": form.get("To"),
        "messaging_service_id": form.get("MessagingServiceSid"),
        "opt_out_type": form.get("OptOutType"),
        "warnings": form.warnings,
    }
    return metadata | {key: value for key, value in extras.items() if value}


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
