"""DynamoDB JSON: plain values to attribute values and back.

Numbers travel as text and are Decimal on our side; floats are refused, as DynamoDB
refuses what they cannot hold exactly.
"""

from decimal import Decimal
from typing import Any

Attribute = dict[str, Any]
Item = dict[str, Attribute]


def to_item(values: dict[str, Any]) -> Item:
    """An item of attribute values."""
    return {name: to_attribute(value) for name, value in values.items()}


def to_attribute(value: Any) -> Attribute:
    """One attribute value.

    Raises TypeError for what DynamoDB has no type for.
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, Decimal)):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": to_item(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [to_attribute(each) for each in value]}
    raise TypeError(f"no DynamoDB type for {type(value).__name__}")


def text(item: Item, name: str) -> str:
    """A string attribute; blank when it is missing or of another type."""
    value = item.get(name, {}).get("S")
    return value if isinstance(value, str) else ""


def number(item: Item, name: str) -> Decimal | None:
    """A number attribute; None when it is missing or of another type."""
    value = item.get(name, {}).get("N")
    return Decimal(value) if value is not None else None
