"""A webhook body: URL-encoded fields, each present, blank or missing."""

import re
from functools import cached_property
from urllib.parse import unquote, unquote_to_bytes

from consumer.text import Document, clean, parse_document
from consumer.webhook.address import restore_plus

SID_FIELDS = ("MessageSid", "SmsMessageSid", "SmsSid")

_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


class Form:
    """The fields of one body, blank ones counted as absent, and what was wrong with them.

    `warnings` collects a fixed text for each part that had to be dropped or mended.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.warnings: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.fields)

    def get(self, name: str) -> str | None:
        """The field's text, stripped of surrounding blanks, or None when there is none."""
        return self.fields.get(name, "").strip() or None

    @cached_property
    def sid_field(self) -> str | None:
        """The first field that names the message, or None."""
        return next((name for name in SID_FIELDS if self.get(name)), None)

    @property
    def sid(self) -> str | None:
        """The message's Sid, or None."""
        return self.get(self.sid_field) if self.sid_field else None

    def address(self, name: str) -> str | None:
        """A field that holds an address or id, mended where it was encoded twice or not at all."""
        text = self.fields.get(name)
        if not text:
            return None
        if _ESCAPED.search(text):
            self.warn(f"{name.rstrip('0123456789')} was encoded twice")
            text = clean(unquote(text, errors="replace"))
        return restore_plus(text) or None

    def flag(self, name: str) -> bool | None:
        """A field that holds `true` or `false`; None when missing or neither."""
        value = (self.get(name) or "").lower()
        if value and value not in ("true", "false"):
            self.warn(f"{name} is neither true nor false")
        return {"true": True, "false": False}.get(value)

    def document(self, name: str) -> Document:
        """A field that holds JSON; None when missing or broken."""
        text = self.get(name)
        if text is None:
            return None
        try:
            return parse_document(text)
        except ValueError:
            self.warn(f"{name} is not JSON that can be stored")
            return None

    def warn(self, what: str) -> None:
        """Note what was wrong, once."""
        if what not in self.warnings:
            self.warnings.append(what)


def parse_form(body: str) -> Form:
    """Decode `application/x-www-form-urlencoded`; of a repeated field the first one counts.

    Bytes that are no UTF-8, NUL and lone surrogates become U+FFFD.
    """
    fields: dict[str, str] = {}
    for pair in filter(None, clean(body).split("&")):
        name, _, value = pair.partition("=")
        fields.setdefault(_decode(name), _decode(value))
    return Form(fields)


def _decode(text: str) -> str:
    if "%" in text or "+" in text:  # most names and values are plain
        return clean(unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace"))
    return text
