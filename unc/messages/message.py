"""One webhook body and what of it shows where it will turn up: sender, message id, or neither."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from consumer.webhook.address import parse_address
from consumer.webhook.form import Form
from consumer.webhook.message import InboundMessage, StatusCallback
from consumer.webhook.parse import parse_inbound
from unc.errors import BadInput

_ACCOUNT = "AC0123456789abcdef0123456789abcdef"
_OUR_NUMBER = "+14155238886"
_MEDIA = "ME0123456789abcdef0123456789abcdef"
KINDS = ("text", "image", "location", "button")


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
    """Read what is needed to find a body again, as the functions read it."""
    parsed = parse_inbound(body)
    form = Form(parsed.raw)
    return Message(
        label=label or form.get("Body") or form.get("MessageType") or "",
        body=body,
        sender_id=parsed.sender_id if isinstance(parsed, InboundMessage) else "",
        message_id=form.sid or "",
        is_callback=isinstance(parsed, StatusCallback),
    )


def write_message(address: str, text: str, kind: str = "text") -> Message:
    """Write the body that Twilio would post for a message from this address, with a fresh id.

    `kind` is one of KINDS; raises BadInput for another.
    """
    if kind not in KINDS:
        raise BadInput(f"there is no kind {kind} of message", " | ".join(KINDS))
    sid = f"{'MM' if kind == 'image' else 'SM'}{secrets.token_hex(16)}"
    channel = address.partition(":")[0] if ":" in address else "sms"
    fields = {"SmsMessageSid": sid, "NumMedia": "0", "SmsSid": sid, "SmsStatus": "received"}
    fields |= {"Body": text, "NumSegments": "1", "MessageSid": sid, "AccountSid": _ACCOUNT}
    fields |= {"From": address, "ApiVersion": "2010-04-01"}
    fields |= _sms_fields() if channel == "sms" else _chat_fields(channel, address)
    fields |= _kind_fields(kind, text, sid)
    return read_message(urlencode(fields), text)


def _kind_fields(kind: str, text: str, sid: str) -> dict[str, str]:
    """Return what tells a kind from a text."""
    if kind == "text":
        return {}
    if kind == "image":
        url = f"https://api.twilio.com/2010-04-01/Accounts/{_ACCOUNT}/Messages/{sid}/Media/{_MEDIA}"
        media = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/jpeg"}
        return {"MessageType": kind, **media}
    if kind == "location":
        place = {"Latitude": "52.520008", "Longitude": "13.404954", "Address": text}
        return {"MessageType": kind, "Body": "", **place}
    return {"MessageType": kind, "ButtonText": text, "ButtonPayload": text, "ButtonType": "reply"}


def _sms_fields() -> dict[str, str]:
    """Return what only an SMS carries: places, blank more often than not."""
    return {"To": _OUR_NUMBER, "ToCountry": "US", "FromCountry": "", "FromCity": "", "FromZip": ""}


def _chat_fields(channel: str, address: str) -> dict[str, str]:
    """Return what a chat channel adds; a WhatsApp user who hides the number has no `WaId`."""
    context = {"ProfileName": "Try Out"}
    fields = {"To": f"{channel}:{_OUR_NUMBER}", "ProfileName": "Try Out", "MessageType": "text"}
    fields["ReferralNumMedia"] = "0"
    number = parse_address(address).id
    if channel == "whatsapp" and number.isdigit():
        fields["WaId"] = context["WaId"] = number
    else:
        fields["ExternalUserId"] = address
    metadata = {"type": channel, "data": {"context": context}}
    fields["ChannelMetadata"] = json.dumps(metadata, separators=(",", ":"), ensure_ascii=False)
    return fields
