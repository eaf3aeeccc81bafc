"""Structured logs: one JSON object a line, quiet about people, and never raising.

Phone numbers show their last four digits, and so do numbers as long as one unless
their field names a moment or an amount. Fields that carry a person's words, and the
secret itself, never show; a field that cannot be shown is its type. An exception
shows its type and where it arose; its text only when it is one of our own, which are
written to be shown.
"""

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from domain.errors import ConsumerError

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
SERVICE = "unc-consumer"

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

_request_id: str | None = None


def set_request_id(request_id: str | None) -> None:
    """Name the invocation that the following lines belong to."""
    global _request_id  # one invocation at a time runs in a container
    _request_id = request_id


def mask(address: str) -> str:
    """The last four characters of an address, after an ellipsis."""
    return f"…{address[-4:]}" if len(address) > 4 else "…"


class Logger:
    """Writes events, short fixed facts, with fields beside them.

    Further positional arguments, which other loggers format, are dropped.
    """

    def __init__(self, name: str, stream: Any = None) -> None:
        self._name = name
        self._stream = stream

    def debug(self, message: str, /, *_: object, **fields: Any) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: str, /, *_: object, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, /, *_: object, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def error(self, message: str, /, *_: object, **fields: Any) -> None:
        self._write("ERROR", message, fields)

    def measure(self, message: str, measures: dict[str, Any], /, **fields: Any) -> None:
        """Write an event with metrics beside it (see metrics.py), whatever LOG_LEVEL says."""
        self._write("INFO", message, fields, measures)

    def _write(
        self,
        level: str,
        message: str,
        fields: dict[str, Any],
        measures: dict[str, Any] | None = None,
    ) -> None:
        if measures is None and LEVELS[level] < _threshold():
            return
        try:
            entry = self._entry(level, message, fields) | (measures or {})
            line = json.dumps(entry, ensure_ascii=False)
            print(line, file=self._stream or sys.stdout, flush=True)
        except Exception:  # a log line is never worth an invocation
            with suppress(Exception):
                entry = self._fixed("ERROR", "a log line could not be written")
                print(json.dumps(entry), flush=True)

    def _fixed(self, level: str, message: str) -> dict[str, Any]:
        return {
            "level": level,
            "message": _shown(_text(message)),
            "service": SERVICE,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": _field("logger", self._name),
            "request_id": _field("request_id", _request_id),
        }

    def _entry(self, level: str, message: str, fields: dict[str, Any]) -> dict[str, Any]:
        entry = self._fixed(level, message)
        shown = {_shown(name): _field(name, value) for name, value in fields.items()}
        return entry | {f"field_{k}" if k in entry else k: v for k, v in shown.items()}


def get_logger(name: str) -> Logger:
    """A logger whose lines carry `name`; honours LOG_LEVEL (INFO unless set)."""
    return Logger(name)


def _threshold() -> int:
    return LEVELS.get(os.environ.get("LOG_LEVEL", "INFO").strip().upper(), LEVELS["INFO"])


def _field(name: str, value: Any, depth: int = 0) -> Any:
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
        return {_shown(_text(k)): _field(_text(k), v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
        return [_field(name, each, depth + 1) for each in value]
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
    return "<nested>" if isinstance(value, (dict, list, tuple)) else _shown(_text(value))


def _text(value: Any) -> str:
    if is_dataclass(value):  # ours hold messages
        return f"<{type(value).__name__}>"
    try:
        return str(value)
    except Exception:  # somebody's __str__
        return f"<{type(value).__name__}>"


def _shown(text: str) -> str:
    """Text without the secret and whole phone numbers, cut to a length that a line can bear."""
    text = _without_secret(text.encode("utf-8", "replace").decode())
    return _PHONE.sub(_masked, text)[:_LONGEST_TEXT]


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["id"] else mask(re.sub(r"[^0-9]", "", found[0]))


def _exception(error: BaseException) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": type(error).__name__, "at": _places(error)}
    if isinstance(error, ConsumerError):
        shown["message"] = _shown(str(error))
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
