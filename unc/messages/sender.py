"""A sender as people write one: an address, or a phone number with blanks and brackets."""

from __future__ import annotations

import re
import unicodedata

from consumer.webhook.address import parse_address

# Of E.164; shorter ones may be short codes, which nobody groups.
_FEWEST_DIGITS = 8
_GROUPED = re.compile(
    r"(?P<channel>(?:whatsapp|sms|rcs):)?\s*\(?(?P<plus>\+)?(?P<number>[0-9 (][0-9 ()./\-]*)",
    re.IGNORECASE,
)
# The zero that is dialled within a country only: +49 (0)155 …
_TRUNK_ZERO = re.compile(r"\(0\)")
# What a number copied from a chat or a web page has beside blanks and dashes.
_INVISIBLE = "Cf"
_LIKE = {"Zs": " ", "Pd": "-"}


def read_sender(text: str) -> str:
    """Return the sender's id, as the tables have it; blank when the text names nobody."""
    return parse_address(read_address(text)).id


def read_address(text: str) -> str:
    """Return an address with its number in one piece; what is no grouped number stays as it is."""
    found = _GROUPED.fullmatch(_plain(text).strip())
    if found is None:
        return text.strip()
    is_international = found["plus"] or _digits(found["number"]).startswith("00")
    number = _TRUNK_ZERO.sub("", found["number"]) if is_international else found["number"]
    digits = _digits(number)
    if len(digits) < _FEWEST_DIGITS:
        return text.strip()
    plus = "+" if is_international else ""
    return f"{(found['channel'] or '').lower()}{plus}{digits.removeprefix('00')}"


def _digits(text: str) -> str:
    """Leave out everything that is no digit."""
    return re.sub(r"[^0-9]", "", text)


def _plain(text: str) -> str:
    """Replace blanks and dashes of other kinds by plain ones, and take out what is not seen."""
    kinds = [(character, unicodedata.category(character)) for character in text]
    return "".join(_LIKE.get(kind, character) for character, kind in kinds if kind != _INVISIBLE)
