"""Durations as people write them: 30m, 2h, 1d, 1h30m."""

from __future__ import annotations

import re

from unc.errors import BadInput

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PARTS = re.compile(r"([0-9]{1,6})([smhd])")
_WHOLE = re.compile(r"(?:[0-9]{1,6}[smhd])+")
_LONGEST_SECONDS = 366 * 86_400
_EXAMPLES = "for example 30m, 2h, 1d or 1h30m"


def read_duration(name: str, text: str) -> int:
    """Return seconds; raises BadInput, which names the field, for what is no duration."""
    written = text.strip().lower().replace(" ", "")
    if not _WHOLE.fullmatch(written):
        raise BadInput(f"{name} is no duration: {text!r}", _EXAMPLES)
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in _PARTS.findall(written))
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise BadInput(f"{name} is {text}", "from 1s to 366d")
    return seconds
