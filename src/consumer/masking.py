"""What a log line shows of a value.

A log call masks a person's id itself (`sender=mask(sender_id)`) and is given no texts; a guard
test holds that. Behind it stands one net for what is passed by mistake: numbers of 10 to 15
digits, and the secret when it has 16 characters or more, never show.
"""

import os
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

from consumer.errors import ConsumerError

MIN_SECRET_LENGTH = 16  # a shorter one may be an ordinary word of a line

# Sids and UUIDs stay as they are: their digits name no person.
_NUMBER = re.compile(
    r"(?P<id>\b(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Z]{2}[0-9A-Fa-f]{32})\b)"
    r"|(?<![0-9])[0-9]{10,15}(?![0-9])"
)
_NUMBER_DIGITS = range(10, 16)
_ANY_NUMBER = re.compile(r"[0-9]{10}")
_MAX_LENGTH = 2000
_MAX_DEPTH = 6


def mask(sender_id: str) -> str:
    """The last four characters of a person's id, after an ellipsis."""
    return f"…{sender_id[-4:]}" if len(sender_id) > 4 else "…"


def shown(value: Any) -> Any:
    """A value as JSON can hold it, through the net; an unknown object as its type. Never raises."""
    return _shown_safely(value, _long_secret(), 0)


def shown_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Each field's value as `shown` has it; names stay as they are."""
    secret = _long_secret()  # once a line: reading the environment takes longer than the net
    return {name: _shown_safely(value, secret, 0) for name, value in fields.items()}


def _long_secret() -> str:
    """The secret, where it has to be hidden; else blank."""
    secret = os.environ.get("INTELLIGENCE_API_SECRET", "").strip()
    return secret if len(secret) >= MIN_SECRET_LENGTH else ""


def _shown_safely(value: Any, secret: str, depth: int) -> Any:
    try:
        return _net(value, secret) if type(value) is str else _shown(value, secret, depth)
    except Exception:  # an odd subclass, or more digits than Python turns into text
        return f"<{type(value).__name__}>"


def _shown(value: Any, secret: str, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case str() | Decimal() | date():
            return _net(str(value), secret)
        case int() | float():
            return _number(value)
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case BaseException():
            return _exception(value, secret)
        case dict() | list() | tuple() | set() | frozenset():
            return _container(value, secret, depth + 1) if depth < _MAX_DEPTH else "<nested>"
    return f"<{type(value).__name__}>"


def _container(value: Any, secret: str, depth: int) -> Any:
    if isinstance(value, dict):
        return {
            str(_shown_safely(key, secret, depth)): _shown_safely(each, secret, depth)
            for key, each in value.items()
        }
    return [_shown_safely(each, secret, depth) for each in value]


def _number(value: float) -> Any:
    """A number that may be a person's is masked: a count has fewer digits, a time is ISO text."""
    if not isfinite(value):
        return str(value)
    digits = str(abs(int(value)))
    return mask(digits) if value == int(value) and len(digits) in _NUMBER_DIGITS else value


def _net(text: str, secret: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if secret:
        text = text.replace(secret, "[hidden]")
    if _ANY_NUMBER.search(text):  # most have none, and looking is a tenth of the time
        text = _NUMBER.sub(_masked, text)
    return text[:_MAX_LENGTH]


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["id"] else mask(found[0])


def _exception(error: BaseException, secret: str) -> dict[str, Any]:
    """Type and place; the text only of our own errors, which are written to be shown."""
    entry: dict[str, Any] = {"type": type(error).__name__, "at": _places(error)}
    if isinstance(error, ConsumerError):
        entry["message"] = _net(str(error), secret)
    return entry


def _places(error: BaseException) -> list[str]:
    """File and line of the innermost frames, the innermost last."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]
