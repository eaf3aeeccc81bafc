"""The forms in which a webhook reaches the queue, and bodies that are no message."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from random import Random
from urllib.parse import urlencode

GARBAGE = ("hello", "{}", "Body=who+is+this", "=&=&=", "From=&WaId=&Body=x", "%ff%fe=%00", "[1, 2]")
OTHER_WEBHOOKS = (
    "CallSid=CA1&CallStatus=ringing&Direction=inbound&From=%2B4915550000001&To=%2B15555550100",
    "CallSid=CA2&CallStatus=completed&Direction=outbound-api&From=%2B15555550100",
    "FaxSid=FX1&FaxStatus=received&From=%2B4915550000001&To=%2B15555550100",
    "EventType=onMessageAdded&ConversationSid=CH1&MessageSid=IM1&Author=%2B4915550000001&Body=hi",
    '"SmsSid=SM1&From=%2B4915550000001&Body=hi"',
    '{"detail": "x&SmsSid=SM1&From=%2B4915550000001&Body=hi&y="}',
    b64encode(b"SmsSid=SM1&From=%2B4915550000001&Body=hi").decode(),
)


def draw_garbage(pick: Random, first: str) -> str:
    """What never parses: the body given, or another webhook's."""
    return pick.choice(OTHER_WEBHOOKS) if pick.random() < 0.5 else first


def draw_form(pick: Random, fields: Mapping[str, str]) -> str:
    """The fields as a form, now and then in an envelope, as other producers send them."""
    if pick.random() >= 0.2:
        return urlencode(fields)
    envelopes = [_notification, _http_event, _base64_event]
    if "MessageSid" in fields:
        envelopes.append(json.dumps)
    return pick.choice(envelopes)(fields)


def _notification(fields: Mapping[str, str]) -> str:
    return json.dumps({"Type": "Notification", "Message": urlencode(fields)})


def _http_event(fields: Mapping[str, str]) -> str:
    return json.dumps({"body": urlencode(fields), "isBase64Encoded": False})


def _base64_event(fields: Mapping[str, str]) -> str:
    body = b64encode(urlencode(fields).encode()).decode()
    return json.dumps({"body": body, "isBase64Encoded": True})
