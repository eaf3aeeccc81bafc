"""Where a message comes from: a Twilio address, `channel:value`, bare for SMS.

Facts: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
from dataclasses import dataclass

_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(.*)", re.DOTALL)
_DIGITS = re.compile(r"\+?[0-9]+")
_SHORTEST_E164 = 7  # fewer digits are a short code, which takes no plus
_PHONE_CHANNELS = ("sms", "whatsapp")  # elsewhere bare digits are an account's id


@dataclass(frozen=True, slots=True)
class Address:
    """A channel (`whatsapp`, `sms`, `messenger`, …) and the value within it."""

    channel: str
    value: str

    @property
    def id(self) -> str:
        """The value without a leading plus; may be empty."""
        return self.value.removeprefix("+")

    @property
    def phone(self) -> str | None:
        """The phone number (E.164 with plus, or a short code), or None where it is none."""
        if not _DIGITS.fullmatch(self.value):
            return None
        if self.channel not in _PHONE_CHANNELS and not self.value.startswith("+"):
            return None
        return f"+{self.id}" if len(self.id) >= _SHORTEST_E164 else self.id


def parse_address(text: str) -> Address:
    """Split an address into channel and value; without a prefix it is SMS."""
    match = _PREFIXED.fullmatch(text.strip())
    if match is None:
        return Address("sms", text.strip())
    return Address(match[1].lower(), match[2].strip())
