"""What DynamoDB refuses, counted by its documented rules and not by the code under test.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

MAX_ITEM_BYTES = 400 * 1024
MAX_LEVELS = 32
MAX_NAME_BYTES = 65_535
KEYS = {"sender_id": 2048, "message_id": 1024, "session_id": 2048, "chat_type": 2048}

Item = dict[str, Any]


def faults_of(item: Item) -> list[str]:
    """Everything for which DynamoDB would refuse the item; empty when it would take it."""
    faults = [fault for name, value in item.items() for fault in _faults(name, value, 1)]
    for name, most in KEYS.items():
        if not 0 < len(item[name]["S"].encode("utf-8", "replace")) <= most:
            faults.append(f"{name} is empty or too long for a key")
    if _bytes({"M": item}) > MAX_ITEM_BYTES:
        faults.append("item too large")
    return faults


def _faults(name: str, value: Item, level: int) -> Iterator[str]:
    if not 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES:
        yield "attribute name empty or too long"
    [(kind, inside)] = value.items()
    yield from _text_faults(name)
    if kind == "S":
        yield from _text_faults(inside)
    elif kind == "N":
        yield from number_faults(inside)
    elif kind in "ML":
        if level >= MAX_LEVELS:
            yield "nested too deep"
        parts = inside.items() if kind == "M" else (("-", each) for each in inside)
        for key, each in parts:
            yield from _faults(key, each, level + 1)


def _text_faults(text: str) -> Iterator[str]:
    if "\x00" in text:
        yield "NUL"
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield "lone surrogate"


def number_faults(text: str) -> Iterator[str]:
    """Why DynamoDB would refuse a number, given as it travels."""
    number = Decimal(text)
    if not number.is_finite() or len(number.as_tuple().digits) > 38:
        yield "number with too many digits"
    elif not -130 <= number.adjusted() <= 125:
        yield "number out of range"


def _bytes(value: Item) -> int:
    [(kind, inside)] = value.items()
    if kind == "S":
        return len(inside.encode("utf-8", "replace"))
    if kind == "N":
        return len(Decimal(inside).as_tuple().digits) // 2 + 2
    if kind == "M":
        return 3 + sum(1 + len(k.encode("utf-8", "replace")) + _bytes(v) for k, v in inside.items())
    return 3 + sum(1 + _bytes(each) for each in inside) if kind == "L" else 1
