"""Text and JSON from strangers, cut down to what DynamoDB stores.

Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
(numbers of 38 digits from 1E-130 to 9.99E+125, 32 levels of nesting, names under 64 KB).
"""

import json
import re
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, Overflow, Subnormal
from typing import Any

MAX_NAME_BYTES = 65_535
MAX_DOCUMENT_LEVELS = 28  # the item, its attribute and our own maps around it use the rest

REPLACEMENT = "\ufffd"

# Creates numbers that DynamoDB holds exactly, and traps all others.
_EXACT = Context(prec=38, Emin=-130, Emax=125, traps=[Inexact, Overflow, Subnormal])
_NUMBER = re.compile(r"[+-]?[0-9]{1,200}(\.[0-9]{0,200})?([eE][+-]?[0-9]{1,4})?")

Document = dict[str, Any] | list[Any] | str | Decimal | bool | None


class BrokenDocument(ValueError):
    """The text is not JSON, or a value is none that DynamoDB can hold."""


def clean(text: str) -> str:
    """Replace NUL and lone surrogates, which stores and queues refuse, by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    if not _encodable(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def parse_document(text: str) -> Document:
    """Parse JSON into values DynamoDB can hold; numbers become Decimal.

    Raises BrokenDocument for broken JSON and for nesting too deep to store.
    """
    try:
        document: Document = storable(_decode_json(text))
    except (ValueError, RecursionError) as error:
        raise BrokenDocument(type(error).__name__) from error
    return document


def storable(value: Any, level: int = 0) -> Any:
    """A copy as DynamoDB can hold it: text cleaned, numbers as Decimal, without nameless parts.

    Raises BrokenDocument for a number, a type or a nesting that it has no room for.
    """
    if level > MAX_DOCUMENT_LEVELS:
        raise BrokenDocument("too many levels")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (list, tuple)):
        return [storable(each, level + 1) for each in value]
    if isinstance(value, dict):
        return {_name(k): storable(v, level + 1) for k, v in value.items() if k != ""}
    return value if value is None or isinstance(value, bool) else _exact(value)


def parse_number(text: str) -> Decimal | None:
    """Parse a decimal number that DynamoDB can hold exactly, or give None."""
    value = _number(text.strip().removeprefix("+"))
    return value if isinstance(value, Decimal) else None


def parse_count(text: str) -> int | None:
    """Parse a whole number of at most nine ASCII digits, or give None."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(text: str) -> Decimal | str:
    """A number as Decimal, or as its text where DynamoDB could not hold it exactly."""
    if not _NUMBER.fullmatch(text):
        return text
    try:
        return _EXACT.create_decimal(text) or Decimal(0)  # a zero sheds its exponent
    except DecimalException:
        return text


_decode_json = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=str).decode


def _exact(value: object) -> Decimal:
    if not isinstance(value, (int, float, Decimal)):
        raise BrokenDocument(f"no type for {type(value).__name__}")
    number = parse_number(str(value))
    if number is None:
        raise BrokenDocument("no room for such a number")
    return number


def _name(text: object) -> str:
    if not isinstance(text, str):
        raise BrokenDocument("a name that is no text")
    name = clean(text)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BrokenDocument("a name too long")
    return name


def as_mapping(value: object) -> Mapping[str, Any]:
    """What of somebody's JSON should be an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """What of somebody's JSON should be text, or none."""
    return value if isinstance(value, str) else ""
