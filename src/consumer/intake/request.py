"""A function URL's event (payload 2.0) as the HTTP request that Twilio sent.

Format: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html. Forwarded headers are
never read: whoever sends a request writes them.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consumer.intake import answer
from consumer.intake.answer import Answer
from consumer.text import as_mapping, as_text
from consumer.webhook.signature import SETTINGS_HEADER, SIGNATURE_HEADER, SignedBody

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_BODY_BYTES = 1_048_576

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be verified.

    `urls`: what Twilio may have signed; `called_url`: the URL that the function was called by.
    """

    urls: tuple[str, ...]
    called_url: str
    text: str
    signed: SignedBody


def read_request(event: Mapping[str, Any], public_url: str = "") -> Request | Answer:
    """Read the event, or say why it is none that could be verified.

    `public_url` is the URL as configured at Twilio; blank: the one that was called.
    """
    headers = {str(k).lower(): as_text(v) for k, v in as_mapping(event.get("headers")).items()}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    context = as_mapping(event.get("requestContext"))
    if as_text(as_mapping(context.get("http")).get("method")).upper() != "POST":
        return answer.NO_POST
    if media_type not in (_FORM, _JSON):
        return answer.OTHER_TYPE
    content = _read_content(event)
    if isinstance(content, Answer):
        return content
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return answer.NOT_UTF8
    query = as_text(event.get("rawQueryString"))
    called = f"https://{as_text(context.get('domainName'))}{as_text(event.get('rawPath'))}"
    signature, settings = headers.get(SIGNATURE_HEADER, ""), headers.get(SETTINGS_HEADER, "")
    signed = SignedBody(content, media_type == _FORM, signature, settings)
    urls = _signed_urls(public_url or called, query)
    return Request(urls, _with_query(called, query), text, signed)


def _read_content(event: Mapping[str, Any]) -> bytes | Answer:
    body = as_text(event.get("body"))
    if event.get("isBase64Encoded") is True:
        try:
            content = base64.b64decode(body, validate=True)
        except ValueError:
            return answer.NOT_BASE64
    else:
        content = body.encode("utf-8", "surrogatepass")
    if len(content) > MAX_BODY_BYTES:
        return answer.TOO_LARGE
    return content or answer.EMPTY


def _signed_urls(url: str, query: str) -> tuple[str, ...]:
    """The URLs that Twilio may have signed.

    Behind `#` stand connection overrides, which are never signed. The query that came counts; in
    a URL of its own query that may have been lost on the way, also that one. A URL without a
    path is called with a slash.
    """
    base, _, own_query = url.partition("#")[0].partition("?")
    bare = base.removesuffix("/")
    bases = (base, bare) if bare.count("/") == 2 else (base,)
    queries = dict.fromkeys((query, own_query or query))
    return tuple(_with_query(each, text) for each in bases for text in queries)


def _with_query(url: str, query: str) -> str:
    return f"{url}?{query}" if query else url
