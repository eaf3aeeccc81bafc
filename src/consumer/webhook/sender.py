"""Who sent a message, and over which channel."""

from typing import Any

from consumer.webhook.address import SMS, WHATSAPP, Address, channel_prefix, parse_address
from consumer.webhook.form import Form


def read_sender(form: Form) -> tuple[str, dict[str, Any]]:
    """Read the channel and the sender; the sender's `id` is blank when the body names nobody."""
    stated, whatsapp_id = form.address("From"), form.address("WaId") or ""
    channel = _channel(form, parse_address(stated or "", ""), whatsapp_id)
    address = parse_address(stated or "", channel)
    whatsapp = Address(WHATSAPP, whatsapp_id.removeprefix("+"))
    sender = {
        "id": whatsapp.id or address.id or parse_address(_external_id(form)).id,
        "name": form.get("ProfileName"),
        "phone": address.phone or whatsapp.phone,
    }
    extras = {
        "address": stated,
        "username": form.get("ProfileUsername") or form.get("Username"),
        "external_id": form.address("ExternalUserId"),
        "parent_external_id": form.address("ParentExternalUserId"),
        "city": form.get("FromCity"),
        "state": form.get("FromState"),
        "zip": form.get("FromZip"),
        "country": form.get("FromCountry"),
    }
    return channel, sender | {key: value for key, value in extras.items() if value}


def _channel(form: Form, stated: Address, whatsapp_id: str) -> str:
    """The sender's own prefix decides; else WaId, and then any other address of the message."""
    if stated.value and stated.channel:
        return stated.channel
    if whatsapp_id:
        return WHATSAPP
    others = (_external_id(form), form.address("To") or "")
    return next((prefix for each in others if (prefix := channel_prefix(each))), SMS)


def _external_id(form: Form) -> str:
    return form.address("ExternalUserId") or form.address("ParentExternalUserId") or ""
