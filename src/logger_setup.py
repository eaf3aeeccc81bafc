"""Structured logs: one JSON object a line, quiet about people, and never raising.

Phone numbers show their last four digits. Fields that carry a person's words, and
the secret itself, never show. An exception shows its type and where it arose; its
text only when it is one of our own, which are written to be shown.
"""

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any

from domain.errors import ConsumerError

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
SERVICE = "unc-consumer"

_HIDDEN = "[hidden]"
_UNSPEAKABLE = re.compile(
    r"(?i:(^|[_-])(text|body|message|content|caption|data|raw|image|payload|name|username"
    r"|secret|token|authorization|password|api_key)$)"
    r"|[a-z](Text|Body|Data|Payload|Name|Username|Secret|Token)$"
)
_PERSON = re.compile(r"(^|_)(sender|sender_id|phone|wa_id|from|to|address|external_id)$", re.I)
# Digits in a row, but not those of an id, a fraction or a sequence number.
_PHONE = re.compile(
    r"(?:(?<![0-9A-Za-z.-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
    r"\+?[0-9]{7,15}(?![0-9A-Za-z-]|\.[0-9])"
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
    """Writes events, short fixed facts, with fields beside them."""

    def __init__(self, name: str, stream: Any = None) -> None:
        self._name = name
        self._stream = stream

    def debug(self, message: str, /, **fields: Any) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: str, /, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, /, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def error(self, message: str, /, **fields: Any) -> None:
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
                print('{"level":"ERROR","message":"a log line could not be written"}', flush=True)

    def _entry(self, level: str, message: str, fields: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "level": level,
            "message": _shown(str(message)),
            "service": SERVICE,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": self._name,
            "request_id": _plain(_request_id),
        }
        shown = {_shown(name): _field(name, value) for name, value in fields.items()}
        return entry | {f"field_{k}" if k in entry else k: v for k, v in shown.items()}


def get_logger(name: str) -> Logger:
    """A logger whose lines carry `name`; honours LOG_LEVEL (INFO unless set)."""
    return Logger(name)


def _threshold() -> int:
    return LEVELS.get(os.environ.get("LOG_LEVEL", "INFO").strip().upper(), LEVELS["INFO"])


def _field(name: str, value: Any, depth: int = 0) -> Any:
    if _UNSPEAKABLE.search(name):
        return _HIDDEN
    if isinstance(value, (str, int)) and not isinstance(value, bool) and _PERSON.search(name):
        return mask(str(value))
    if isinstance(value, dict) and depth < _DEEPEST:
        return {_shown(str(k)): _field(str(k), v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
        return [_field(name, each, depth + 1) for each in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    """A value as JSON can hold it, at its shortest."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
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
    return _PHONE.sub(lambda number: mask(number[0]), text)[:_LONGEST_TEXT]


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
