"""The signature of a webhook, judged as Twilio's own package judges it."""

from collections.abc import Sequence
from random import Random
from urllib.parse import urlencode

import pytest

from consumer.webhook.signature import SignedBody, has_valid_signature, other_urls, sign_form
from tests.support.signatures import (
    FORM,
    KEYS,
    SIGNERS,
    URL,
    form,
    joined,
    oracle,
    random_request,
    signed,
)


def ours(url: str, body: SignedBody, keys: Sequence[str] = KEYS[:1]) -> bool:
    return has_valid_signature(body, [url], keys)


def test_ten_thousand_requests_are_judged_as_twilio_s_package_judges_them() -> None:
    random = Random("signatures")
    judged = {True: 0, False: 0}
    for number in range(10_000):
        url, body, keys = random_request(random, number)
        expected = oracle(url, body, keys)
        assert ours(url, body, keys) is expected, (number, url, body)
        judged[expected] += 1
    assert min(judged.values()) > 2_000, judged


@pytest.mark.parametrize("name", list(SIGNERS))
def test_only_the_fields_as_twilio_signs_them_are_accepted(name: str) -> None:
    pairs = [("B", " x "), ("a", ""), ("B", "w"), ("c", "1"), ("a", "é"), ("c", "1")]
    pairs.insert(0, ("d", "2"))
    body = form(pairs, signed(URL + SIGNERS[name](pairs, Random(0))))
    assert ours(URL, body) is oracle(URL, body, KEYS[:1]) is (name == "as Twilio does")


@pytest.mark.parametrize("hosts", [("h.example", "h.example:443"), ("h.example:443", "h.example")])
def test_the_port_may_be_missing_on_either_side(hosts: tuple[str, str]) -> None:
    called, signers = (f"https://{host}/webhook" for host in hosts)
    assert ours(called, form(FORM, signed(signers + joined(FORM))))


def test_a_port_is_taken_off_behind_a_user_where_twilio_s_package_takes_off_the_host() -> None:
    """Its `remove_port` cuts at the first colon, here the one of the password."""
    called = "https://user:secret@bot.example.com:8443/webhook"
    body = form(FORM, signed("https://user:secret@bot.example.com/webhook" + joined(FORM)))
    assert ours(called, body)
    assert not oracle(called, body, KEYS[:1])
    mistaken = form(FORM, signed("https://user/webhook" + joined(FORM)))
    assert oracle(called, mistaken, KEYS[:1]) and not ours(called, mistaken)


def test_a_port_is_taken_off_an_ipv6_host() -> None:
    body = form(FORM, signed("https://[2001:db8::1]/webhook" + joined(FORM)))
    assert ours("https://[2001:db8::1]:8443/webhook", body)


def test_every_key_and_every_url_is_tried() -> None:
    body = form(FORM, signed(URL + joined(FORM), KEYS[1]))
    assert has_valid_signature(body, ["https://other.example/", URL], KEYS)
    assert not has_valid_signature(body, [URL], KEYS[:1])
    assert not has_valid_signature(body, ["https://other.example/"], KEYS)
    assert not has_valid_signature(body, [URL], [])


@pytest.mark.parametrize("url", ["https://[", "https://h:port/", "https://h:0/", "", "\ud800"])
def test_no_url_and_no_header_raises(url: str) -> None:
    for is_form in (True, False):
        body = SignedBody(b"\xff&%ff=%", is_form, "\ud800é", "algorithm=\ud800")
        assert not has_valid_signature(body, [url], ["\ud800"])
        assert not has_valid_signature(SignedBody(b"", is_form, ""), [url], [""])
    assert url not in other_urls(url)


def test_a_signed_form_is_accepted() -> None:
    text = urlencode(FORM)
    assert ours(URL, form(FORM, sign_form(URL, text, KEYS[0])))


@pytest.mark.parametrize(
    "other",
    [
        "http://bot.example.com/x?a",
        "https://bot.example.com:8443/x?a",
        "http://bot.example.com:8080/x?a",
    ],
)
def test_the_usual_mistakes_with_a_url_are_among_the_other_urls(other: str) -> None:
    urls = other_urls("https://bot.example.com/x?a")
    assert other in urls
    assert not {"https://bot.example.com/x?a", "https://bot.example.com:443/x?a"} & urls
