"""The form within a queue's body: as it is, or in one of three JSON envelopes.

An SNS notification, an HTTP event of API Gateway or a function URL, and one flat JSON object
of Twilio's fields are opened, once. Any other JSON is malformed. Nothing here raises.
"""

import base64
import json
import re
from typing import Any

from consumer.text import clean
from consumer.webhook.form import SID_FIELDS, Form, parse_form
from consumer.webhook.message import Malformed

_JSON_STARTS = ("{", "[", '"')  # a form's first field name begins with none of them
_BYTE_ORDER_MARKS = ("\ufeff", "%EF%BB%BF", "%ef%bb%bf", "\u00ef\u00bb\u00bf")
_FORM_START = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}=")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE64_HEAD_CHARACTERS = 128  # a multiple of four, enough for the first field's name
_FROM_URL_SAFE = str.maketrans("-_", "+/")
_READABLE_START = re.compile(rb'[A-Za-z][A-Za-z0-9]{0,63}=|\s*[{\["]')


def open_body(body: str) -> Form | Malformed:
    """Find the form in a body, or say why there is none."""
    if _begins_as_json(body):
        return _open_json(body)
    return _read_form(body)


def _open_json(body: str) -> Form | Malformed:
    try:
        # Numbers stay the text they were: an id keeps every digit.
        document = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
        return _open_document(document)
    except ValueError:
        return Malformed("broken JSON, not a form")
    except RecursionError:
        return Malformed("JSON nested too deeply, not a form")


def _open_document(document: Any) -> Form | Malformed:
    match document:
        case {"Type": "Notification", "Message": str(text)}:
            return _read_inner(text)
        case {"isBase64Encoded": is_base64, "body": body}:
            return _open_http_event(body, is_base64 is True)
        case dict() if any(_is_filled(document.get(name)) for name in SID_FIELDS):
            return Form({clean(name): clean(_as_text(value)) for name, value in document.items()})
        case dict():
            return Malformed("a JSON object that is no known envelope of a form")
        case list():
            return Malformed("a JSON list, not a form")
        case _:
            return Malformed("a JSON string, not a form")


def _open_http_event(body: object, is_base64: bool) -> Form | Malformed:
    if not isinstance(body, str):
        return Malformed("an HTTP event without a body")
    if not is_base64:
        return _read_inner(body)
    try:
        decoded = base64.b64decode(body, validate=True)
    except ValueError:
        return Malformed("an HTTP event whose body is not the base64 it says it is")
    return _read_inner(decoded.decode("utf-8", "replace"))


def _read_inner(text: str) -> Form | Malformed:
    if _begins_as_json(text):
        return Malformed("an envelope whose content is JSON again, not a form")
    return _read_form(text)


def _read_form(text: str) -> Form | Malformed:
    mark = next((each for each in _BYTE_ORDER_MARKS if text.startswith(each)), "")
    text = text[len(mark) :]
    if mark and not _FORM_START.match(text):
        return Malformed("a byte-order mark with no form behind it")
    if _is_base64(text):
        return Malformed("base64 of a body, not a form")
    form = parse_form(text)
    if not form:
        return Malformed("the body holds no fields")
    if _begins_as_json(next(iter(form.fields))):
        return Malformed("JSON encoded as the name of a form's field", form.fields)
    if not any(name.strip() and value.strip() for name, value in form.fields.items()):
        return Malformed("no sender: no field of the form has a value", form.fields)
    return form


def _begins_as_json(text: str) -> bool:
    return text.lstrip().startswith(_JSON_STARTS)


def _is_base64(text: str) -> bool:
    """Whether a text is base64 of something that begins as a form or as JSON does."""
    packed = "".join(text.split())
    if not _BASE64.fullmatch(packed):
        return False
    head = packed[:_BASE64_HEAD_CHARACTERS].rstrip("=").translate(_FROM_URL_SAFE)
    start = base64.b64decode(head[: len(head) // 4 * 4])
    return _READABLE_START.match(start) is not None


def _is_filled(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _as_text(value: Any) -> str:
    """A field's value as a form would have it; what is nested stays JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
