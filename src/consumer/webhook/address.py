"""Where a message comes from: a Twilio address, `channel:value`, bare for SMS.

Facts: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
from dataclasses import dataclass

_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(.*)", re.DOTALL)
_DIGITS = re.compile(r"\+?[0-9]+")
_SHORTEST_E164 = 7  # fewer digits are a short code, which takes no plus
SMS = "sms"
WHATSAPP = "whatsapp"
_PHONE_CHANNELS = (SMS, WHATSAPP)  # elsewhere bare digits are an account's id
_PLUS_CHANNELS = (*_PHONE_CHANNELS, "rcs")  # have numbers with a plus


@dataclass(frozen=True, slots=True)
class Address:
    """A channel (`whatsapp`, `sms`, `messenger`, …) and the value within it."""

    channel: str
    value: str

    @property
    def id(self) -> str:
        """The value without a plus in front, which no id begins with; may be empty."""
        return self.value.lstrip("+")

    @property
    def phone(self) -> str | None:
        """The phone number (E.164 with plus, or a short code), or None where it is none."""
        if not _DIGITS.fullmatch(self.value):
            return None
        if self.channel not in _PHONE_CHANNELS and not self.value.startswith("+"):
            return None
        return f"+{self.id}" if len(self.id) >= _SHORTEST_E164 else self.id


def parse_address(text: str, channel: str = SMS) -> Address:
    """Split an address into channel and value; `channel` is that of an address without prefix."""
    match = _PREFIXED.fullmatch(text.strip())
    if match is None:
        return Address(channel, text.strip())
    return Address(match[1].lower(), match[2].strip())


def channel_prefix(text: str) -> str:
    """The channel that an address states, or nothing."""
    return parse_address(text, "").channel


def restore_plus(text: str) -> str:
    """Strip an address; a blank where a number's plus belongs was a plus, sent unencoded."""
    channel, colon, value = text.rpartition(":")
    number = value.strip()
    lost = value.startswith(" ") and len(number) >= _SHORTEST_E164 and _DIGITS.fullmatch(number)
    if lost and number[0] != "+" and (channel.strip().lower() or SMS) in _PLUS_CHANNELS:
        return f"{channel.strip()}{colon}+{number}"
    return text.strip()
