"""One webhook body and what of it shows where it will turn up: sender, message id, or neither."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
OUR_NUMBER = "+14155238886"
PREFIX = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*:")
INBOUND_STATUSES = ("received", "receiving")
SID_FIELDS = ("MessageSid", "SmsMessageSid", "SmsSid")


@dataclass(frozen=True)
class Message:
    """A body as it goes onto the queue. Sender and id are empty where the body has none.

    One without an id is stored under the id that SQS gives it.
    """

    label: str
    body: str
    sender_id: str
    message_id: str
    is_callback: bool


def read_message(body: str, label: str = "") -> Message:
    """Read from a body what is needed to find it again, by the rules of the functions."""
    fields = read_fields(body)
    return Message(
        label=label or fields.get("Body", "") or fields.get("MessageType", ""),
        body=body,
        sender_id=find_sender(fields),
        message_id=next((fields[name] for name in SID_FIELDS if name in fields), ""),
        is_callback=is_status_callback(fields),
    )


def read_fields(body: str) -> dict[str, str]:
    """Return the fields that are not blank; of a repeated one the first counts."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        fields.setdefault(name, value.strip())
    return {name: value for name, value in fields.items() if value}


def find_sender(fields: dict[str, str]) -> str:
    """Return the id under which the tables know a sender: `WaId`, else a bare address."""
    external = fields.get("ExternalUserId") or fields.get("ParentExternalUserId", "")
    whatsapp = fields.get("WaId", "").removeprefix("+")
    return whatsapp or bare_address(fields.get("From", "")) or bare_address(external)


def bare_address(address: str) -> str:
    """Drop the channel prefix and the plus of an address, as the functions do."""
    return PREFIX.sub("", address.strip(), count=1).strip().removeprefix("+")


def is_status_callback(fields: dict[str, str]) -> bool:
    """Tell a delivery receipt of an outbound message from an inbound one."""
    if "MessageStatus" in fields:
        return True
    return fields.get("SmsStatus", "received").lower() not in INBOUND_STATUSES


def write_message(address: str, text: str) -> Message:
    """Write the body that Twilio would post for a text from this address, with a fresh id."""
    sid = f"SM{secrets.token_hex(16)}"
    channel = address.partition(":")[0] if ":" in address else "sms"
    fields = {"SmsMessageSid": sid, "NumMedia": "0", "SmsSid": sid, "SmsStatus": "received"}
    fields |= {"Body": text, "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT}
    fields |= {"From": address, "ApiVersion": "2010-04-01"}
    fields |= sms_fields() if channel == "sms" else chat_fields(channel, address)
    return read_message(urlencode(fields), text)


def sms_fields() -> dict[str, str]:
    """Return what only an SMS carries: places, blank more often than not."""
    return {"To": OUR_NUMBER, "ToCountry": "US", "FromCountry": "", "FromCity": "", "FromZip": ""}


def chat_fields(channel: str, address: str) -> dict[str, str]:
    """Return what a chat channel adds; a WhatsApp user who hides the number has no `WaId`."""
    context = {"ProfileName": "Try Out"}
    fields = {"To": f"{channel}:{OUR_NUMBER}", "ProfileName": "Try Out", "MessageType": "text"}
    fields["ReferralNumMedia"] = "0"
    if channel == "whatsapp" and bare_address(address).isdigit():
        fields["WaId"] = context["WaId"] = bare_address(address)
    else:
        fields["ExternalUserId"] = address
    metadata = {"type": channel, "data": {"context": context}}
    fields["ChannelMetadata"] = json.dumps(metadata, separators=(",", ":"), ensure_ascii=False)
    return fields
