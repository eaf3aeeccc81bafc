"""The intake answers generated requests as Twilio's own package judges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from consumer.webhook.signature import SETTINGS_HEADER, SIGNATURE_HEADER, SignedBody
from tests.support.intake import FORM, JSON, URL, IntakeWorld, url_event
from tests.support.signatures import oracle, random_request

REQUESTS = 10_000


def event_of(called: str, body: SignedBody, in_base64: bool) -> dict[str, Any]:
    """The request as the function URL hands it over; a blank header is none."""
    headers = {SIGNATURE_HEADER: body.signature, SETTINGS_HEADER: body.settings}
    stated = {name: value for name, value in headers.items() if value}
    stated["content-type"] = FORM if body.is_form else JSON
    return url_event(body.content if in_base64 else body.content.decode(), stated, called)


def with_slash(url: str) -> str:
    """The URL as it is called: a path is never empty."""
    base, mark, query = url.partition("?")
    return f"{base}/{mark}{query}" if base.count("/") == 2 else url


def spellings(called: str) -> set[str]:
    """The URL that was called, and without the slash that Twilio may not have."""
    base, mark, query = called.partition("?")
    bare = base.removesuffix("/") if base.count("/") == 3 else base
    return {called, f"{bare}{mark}{query}"}


def can_be_called(url: str) -> bool:
    """Whether Lambda could have such an address: no user, no port, no other scheme."""
    host = url.partition("://")[2].partition("/")[0].partition("?")[0]
    return url.startswith("https:") and not set(host) & {"@", ":"}


def ask(url: str, body: SignedBody, keys: Sequence[str], random: Random) -> tuple[str, int, bool]:
    """Let one intake answer; give the way, its status and what Twilio's package says.

    The URL is the one that is called, or that of a domain in front of it.
    """
    in_base64 = random.random() < 0.5
    secret = ",".join(keys)
    if can_be_called(url) and random.random() < 0.5:
        called = with_slash(url)
        status = IntakeWorld(secret).status(event_of(called, body, in_base64))
        return "called", status, any(oracle(each, body, keys) for each in spellings(called))
    query = url.partition("?")[2]
    called = URL + (query and f"?{query}")
    configured = url + random.choice(["", "#rc=5&rp=all"])
    status = IntakeWorld(secret, configured).status(event_of(called, body, in_base64))
    expected = spellings(url) if with_slash(url) == url else {url}
    return "public", status, any(oracle(each, body, keys) for each in expected)


def test_ten_thousand_requests_are_answered_as_twilio_s_package_judges_them() -> None:
    """Forms and JSON, as text and in base64, called or behind a domain: 200 or 403, never else."""
    random = Random("requests")
    answered: Counter[tuple[str, int]] = Counter()
    for number in range(REQUESTS):
        url, body, keys = random_request(random, number)
        way, status, is_twilio_s = ask(url, body, keys, random)
        assert status == (200 if is_twilio_s else 403), (number, url, body)
        answered[way, status] += 1
    assert min(answered.values()) > 300 and len(answered) == 4, answered
