"""Twilio's signature of a webhook: an HMAC over the URL and the form's fields.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security, and for other hashes
https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys. Nothing here raises.
"""

import base64
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

SIGNATURE_HEADER = "x-twilio-signature"
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"

_DEFAULT_ALGORITHM = "HMAC_SHA1"
_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_DEFAULT_PORTS = {"https": 443, "http": 80}
# Where a web server listens that Twilio was given another address of.
_USUAL_PORTS = (80, 443, 8080, 8443)
_BODY_HASH = "bodySHA256"


@dataclass(frozen=True, slots=True)
class SignedBody:
    """What a signature covers besides the URL.

    `content` are the body's bytes, `is_form` tells a form from JSON, `signature` and
    `settings` are the two headers, blank when missing.
    """

    content: bytes
    is_form: bool
    signature: str
    settings: str = ""


def has_valid_signature(body: SignedBody, urls: Iterable[str], keys: Sequence[str]) -> bool:
    """Whether one of the keys signed the body for one of the URLs, with or without port."""
    algorithm = _HASHES.get(_algorithm(body.settings).upper())
    if algorithm is None or not body.signature:
        return False
    fields = _signed_fields(body.content) if body.is_form else ""
    stated = _encode(body.signature)
    signed = {
        text + fields
        for url in urls
        if body.is_form or _has_body_hash(url, body.content)
        for text in _with_and_without_port(url)
    }
    # All of them are tried: the time tells nobody which key or URL came close.
    matches = [
        hmac.compare_digest(sign(text, key, algorithm), stated) for text in signed for key in keys
    ]
    return any(matches)


def sign(text: str, key: str, algorithm: str = "sha1") -> bytes:
    """The signature of a text, in base64."""
    return base64.b64encode(hmac.digest(_encode(key), _encode(text), algorithm))


def sign_form(url: str, form: str, key: str) -> str:
    """The signature that Twilio would send with a form; `url` is used as it stands."""
    return sign(url + _signed_fields(form.encode()), key).decode()


def other_urls(url: str) -> set[str]:
    """The same URL with the other scheme or a usual port; for the hint that a URL is wrong."""
    parts = _split(url)
    if parts is None:
        return set()
    hosts = {_without_port(parts)} | {f"{_without_port(parts)}:{port}" for port in _USUAL_PORTS}
    return {
        parts._replace(scheme=scheme, netloc=host).geturl()
        for scheme in _DEFAULT_PORTS
        for host in hosts
    } - set(_with_and_without_port(url))


def _algorithm(settings: str) -> str:
    """The algorithm that the settings header names: `key=…,algorithm=HMAC_SHA256`."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip()
    return _DEFAULT_ALGORITHM


def _signed_fields(content: bytes) -> str:
    """Names and values, sorted; of a repeated field each value once. Nothing is trimmed."""
    text = content.decode("utf-8", "replace")
    pairs = set(parse_qsl(text, keep_blank_values=True, errors="replace"))
    return "".join(name + value for name, value in sorted(pairs))


def _has_body_hash(url: str, content: bytes) -> bool:
    stated = parse_qs(url.partition("#")[0].partition("?")[2]).get(_BODY_HASH, [""])[0]
    return hmac.compare_digest(_encode(sha256(content).hexdigest()), _encode(stated))


def _with_and_without_port(url: str) -> tuple[str, ...]:
    parts = _split(url)
    if parts is None:
        return (url,)
    host = _without_port(parts)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)
    bare = parts._replace(netloc=host).geturl()
    return bare, parts._replace(netloc=f"{host}:{port}").geturl()


def _without_port(parts: SplitResult) -> str:
    """Host, and the user before it, without the port; a colon may stand in either of them."""
    user, at, host = parts.netloc.rpartition("@")
    return f"{user}{at}{host.rpartition(':')[0] if parts.port else host}"


def _split(url: str) -> SplitResult | None:
    """A URL's parts, or None for one whose host or port is not valid."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
