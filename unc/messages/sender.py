"""A sender as people write one: an address, or a phone number with blanks and brackets."""

from __future__ import annotations

import re

from consumer.webhook.address import parse_address

# Of E.164; shorter ones may be short codes, which nobody groups.
_FEWEST_DIGITS = 8
_GROUPED = re.compile(r"(?P<channel>(?:whatsapp|sms):)?(?P<number>(?:\+|00)?[0-9][0-9 ()./\-]*)")


def read_sender(text: str) -> str:
    """Return the sender's id, as the tables have it; blank when the text names nobody."""
    found = _GROUPED.fullmatch(text.strip())
    if found is None:
        return parse_address(text).id
    digits = re.sub(r"[^0-9]", "", found["number"])
    if len(digits) < _FEWEST_DIGITS:
        return parse_address(text).id
    return parse_address(digits.removeprefix("00")).id
