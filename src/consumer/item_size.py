"""How large an item is, by DynamoDB's own counting.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from typing import Any

# 400 KB, less room for the keys and attributes that stand around a message's parts.
MAX_ITEM_BYTES = 400 * 1024 - 8 * 1024

_NUMBER_BYTES = 21
_CONTAINER_BYTES = 3


def size_of(value: Any) -> int:
    """Bytes that a value takes at the most; map keys count as text."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    size = _CONTAINER_BYTES
    if isinstance(value, dict):
        for key, each in value.items():
            size += size_of(key) + size_of(each) + 1
        return size
    if isinstance(value, (list, tuple)):
        for each in value:
            size += size_of(each) + 1
        return size
    return _NUMBER_BYTES if not isinstance(value, bool) and value is not None else 1
