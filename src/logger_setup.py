"""Structured logs: one JSON object a line, without personal data (see masking.py). Never raises.

Event names and field names are constants of the code and are written unchanged.
"""

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from consumer.masking import shown, shown_fields

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
# Level names that other loggers know; our highest is ERROR.
_THRESHOLDS = LEVELS | {"WARN": 30, "CRITICAL": 40, "FATAL": 40}
SERVICE = "unc-consumer"

# Made once: json.dumps makes one for each call.
_TO_JSON = json.JSONEncoder(ensure_ascii=False).encode

_request_id: Any = None  # as it is shown


def set_request_id(request_id: str | None) -> None:
    """Name the invocation that the following lines belong to."""
    global _request_id  # one invocation at a time runs in a container
    _request_id = shown(request_id)


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
        """Write an event with metrics beside it (see metrics.py), whatever LOG_LEVEL says.

        `measures` are counts and times of our own; they are written unchanged.
        """
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
            stream = self._stream or sys.stdout
            stream.write(f"{_TO_JSON(entry)}\n")
            if level != "INFO" or measures is not None:  # a batch's lines go with its last one
                stream.flush()
        except Exception:  # a line that cannot be written must not fail the invocation
            with suppress(Exception):
                entry = self._fixed("ERROR", "a log line could not be written")
                print(json.dumps(entry), flush=True)

    def _fixed(self, level: str, message: str) -> dict[str, Any]:
        return {
            "level": level,
            "message": message,
            "service": SERVICE,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": self._name,
            "request_id": _request_id,
        }

    def _entry(self, level: str, message: str, fields: dict[str, Any]) -> dict[str, Any]:
        entry = self._fixed(level, message)
        for name, value in shown_fields(fields).items():
            entry[f"field_{name}" if name in entry else name] = value
        return entry


def get_logger(name: str) -> Logger:
    """A logger whose lines carry `name`; honours LOG_LEVEL (INFO unless set)."""
    return Logger(name)


def _threshold() -> int:
    return _THRESHOLDS.get(os.environ.get("LOG_LEVEL", "").strip().upper(), LEVELS["INFO"])
