"""What DynamoDB bills: the size of an item, and the units that reading and writing it takes.

Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
Units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
A transaction doubles what its actions write to a table. The indexes follow after it has
committed, so their writes count once here; AWS's pages do not say so in as many words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_READ_UNIT_BYTES = 4096
_WRITE_UNIT_BYTES = 1024
_TRANSACTION_FACTOR = 2
_CONTAINER_BYTES = 3

_Attribute = Mapping[str, Any]
Item = Mapping[str, _Attribute]


def item_bytes(item: Item) -> int:
    """Return the size of an item in DynamoDB JSON: names and values."""
    return sum(len(name.encode()) + _attribute_bytes(value) for name, value in item.items())


def _attribute_bytes(attribute: _Attribute) -> int:
    """Return the size of one attribute value; numbers as an upper bound."""
    ((kind, value),) = attribute.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return number_bytes(value)
    if kind == "M":
        return _CONTAINER_BYTES + len(value) + item_bytes(value)
    if kind == "L":
        return _CONTAINER_BYTES + sum(1 + _attribute_bytes(each) for each in value)
    return 1


def number_bytes(text: str) -> int:
    """Return about what a number takes: a byte for two significant digits, and one more."""
    digits = text.lstrip("-").partition("E")[0].replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def write_units(size: int, in_transaction: bool = False) -> int:
    """Return the units of writing one item of `size` bytes, or of trying to."""
    units = max(1, -(-size // _WRITE_UNIT_BYTES))
    return units * _TRANSACTION_FACTOR if in_transaction else units


def read_units(size: int, consistent: bool = False) -> float:
    """Return the units of reading `size` bytes; nothing found costs as much as a small item."""
    units = max(1, -(-size // _READ_UNIT_BYTES))
    return float(units) if consistent else units / 2


def index_write_units(old: Item | None, new: Item, keys: Iterable[str]) -> int:
    """Return the units that an index projecting all attributes takes for a write.

    A changed index key deletes one entry and puts another.
    """
    before, names = old or {}, tuple(keys)
    was, is_now = (all(name in item for name in names) for item in (before, new))
    if old == new or not (was or is_now):
        return 0
    if was and is_now and any(before[name] != new[name] for name in names):
        return write_units(item_bytes(before)) + write_units(item_bytes(new))
    return write_units(max(item_bytes(before), item_bytes(new)))
