"""What of a value a log line shows: people's numbers cut short, their words and the secret never.

Phone numbers show their last four digits, and so do numbers as long as one unless
their field names a moment or an amount. Fields that carry a person's words, and the
secret itself, never show; a field that cannot be shown is its type. An exception
shows its type and where it arose; its text only when it is one of our own, which are
written to be shown.
"""

import os
import re
from dataclasses import is_dataclass
from math import isfinite
from typing import Any

from consumer.errors import ConsumerError

_HIDDEN = "[hidden]"
_UNSPEAKABLE = re.compile(
    r"(?i:(^|[_-])((text|message|content|caption|data|raw|image|payload|name|username"
    r"|secret|token|authorization|password|api_key)s?|body|bodies|reply|replies)$)"
    r"|[a-z]((Text|Message|Payload|Name|Username|Secret|Token)s?|Data|Body|Bodies|Reply|Replies)$"
)
_PERSON = re.compile(
    r"(^|_)((sender|sender_id|phone|wa_id|external_id|recipient)s?|from|to|address(es)?)$", re.I
)
_AMOUNT = re.compile(
    r"(?i:(^|_)(at|time|timestamp|moment|now|through|until|since|ms|millisecond|second|duration"
    r"|age|byte|size|length|count|total)s?$)|[a-z](At|Time|Timestamp|Ms|Seconds|Bytes|Size|Count)$"
)
_PHONE_DIGITS = range(10, 16)
_PHONE = re.compile(
    # A UUID or a Sid, which is left as it is.
    r"(?P<id>(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[A-Z]{2}[0-9A-Fa-f]{32})(?![0-9A-Za-z]))"
    # After a plus: groups of digits.
    r"|(?<![0-9])\+(?:[\s().\u2010-\u2015-]{0,3}[0-9]){7,15}(?![0-9])"
    # Digits in a row, but not those of an id, a fraction or a sequence number.
    r"|(?:(?<![0-9A-Za-z.-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"\+?[0-9]{7,15}(?![0-9A-Za-z-]|\.[0-9])"
    # So many digits that they are a number even beside a hyphen or a letter that is not hex.
    r"|(?<![0-9A-Fa-f.])[1-9][0-9]{9,14}(?![0-9A-Fa-f]|\.[0-9])"
)
_LONGEST_TEXT = 2000
_DEEPEST = 6


def mask(address: str) -> str:
    """The last four characters of an address, after an ellipsis."""
    return f"…{address[-4:]}" if len(address) > 4 else "…"


def shown_field(name: str, value: Any, depth: int = 0) -> Any:
    """A field's value as JSON can hold it, hidden or masked where its name asks for that."""
    try:
        return _rendered(name, value, depth)
    except Exception:  # somebody's items(), or more digits than Python turns into text
        return f"<{type(value).__name__}>"


def _rendered(name: str, value: Any, depth: int) -> Any:
    if _UNSPEAKABLE.search(name):
        return _HIDDEN
    if isinstance(value, str) and _PERSON.search(name):
        return mask(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(name, value)
    if isinstance(value, dict) and depth < _DEEPEST:
        return {shown_text(k): shown_field(_text(k), v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
        return [shown_field(name, each, depth + 1) for each in value]
    return _plain(value)


def _number(name: str, value: float) -> Any:
    """A number, unless it may be a person's; one with a fraction is none."""
    if not isfinite(value):
        return str(value)
    digits = str(abs(int(value)))
    if _PERSON.search(name):
        return mask(digits)
    may_be_phone = value == int(value) and len(digits) in _PHONE_DIGITS
    return mask(digits) if may_be_phone and not _AMOUNT.search(name) else value


def _plain(value: Any) -> Any:
    """What is no number as JSON can hold it, at its shortest."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if isinstance(value, BaseException):
        return _exception(value)
    return "<nested>" if isinstance(value, (dict, list, tuple)) else shown_text(value)


def _text(value: Any) -> str:
    if is_dataclass(value):  # ours hold messages
        return f"<{type(value).__name__}>"
    try:
        return str(value)
    except Exception:  # somebody's __str__
        return f"<{type(value).__name__}>"


def shown_text(value: Any) -> str:
    """A value as text without the secret and whole phone numbers, cut to what a line can bear."""
    text = _without_secret(_text(value).encode("utf-8", "replace").decode())
    return _PHONE.sub(_masked, text)[:_LONGEST_TEXT]


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["id"] else mask(re.sub(r"[^0-9]", "", found[0]))


def _exception(error: BaseException) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": type(error).__name__, "at": _places(error)}
    if isinstance(error, ConsumerError):
        shown["message"] = shown_text(error)
    return shown


def _places(error: BaseException) -> list[str]:
    """File and line of the innermost frames, the innermost last."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-5:]


def _without_secret(text: str) -> str:
    secret = os.environ.get("INTELLIGENCE_API_SECRET", "").strip()
    return text.replace(secret, _HIDDEN) if secret else text
