"""Environment variables as settings, read when asked for, never at import.

A value that is missing or cannot be used raises SettingMissing or SettingInvalid, which
name the variable and show nothing of its value.
"""

import os
from collections.abc import MutableMapping
from urllib.parse import urlsplit

from consumer.errors import SettingInvalid, SettingMissing

MOST = 1_000_000

Environment = MutableMapping[str, str]


def text(env: Environment | None, name: str) -> str:
    """The value without surrounding blanks; blank when it is not set."""
    return (os.environ if env is None else env).get(name, "").strip()


def required(env: Environment | None, name: str, what: str) -> str:
    """The value of a variable that has no default; raises SettingMissing."""
    value = text(env, name)
    if not value:
        how = f"set the environment variable {name} to {what} (infra/template.yaml does)"
        raise SettingMissing(name, how)
    return value


def number(
    env: Environment | None, name: str, default: float, least: float, most: float = MOST
) -> float:
    """A number from `least` to `most`; raises SettingInvalid."""
    stated = text(env, name)
    try:
        value = float(stated) if stated else default
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise SettingInvalid(name, f"a number from {least:g} to {most:,}")
    return value


def flag(env: Environment | None, name: str) -> bool:
    """True or false, false unless set; raises SettingInvalid."""
    stated = text(env, name).lower() or "false"
    if stated not in ("true", "false"):
        raise SettingInvalid(name, "true or false")
    return stated == "true"


def url(env: Environment | None, name: str, default: str = "") -> str:
    """An address with a scheme and a host, and no password in it; raises SettingInvalid."""
    value = public_url(env, name, default)
    if "@" in urlsplit(value).netloc:
        raise SettingInvalid(name, "an address without a name or a password before its host")
    return value


def public_url(env: Environment | None, name: str, default: str = "") -> str:
    """An address with a scheme and a host, maybe with a user; raises SettingInvalid."""
    value = text(env, name) or default
    if not _is_address(value):
        raise SettingInvalid(name, "an address that starts with https:// (or http://)")
    return value


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and value.isprintable() and " " not in value
