"""The signature of a webhook, judged as Twilio's own package judges it."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import parse_qs, urlencode

import pytest
from twilio.request_validator import RequestValidator, get_signature_algorithm

from consumer.webhook.signature import SignedBody, has_valid_signature, other_urls, sign_form

KEYS = ("12345678901234567890123456789012", "a shared key, and a 🔑")
URL = "https://bot.example.com/webhook?foo=1&bar=%C3%A9"
FORM = [("Body", " hi "), ("From", "whatsapp:+4915555550199"), ("To", ""), ("MessageSid", "SM1")]

Pairs = list[tuple[str, str]]


class Fields(dict[str, list[str]]):
    """A form's fields as web frameworks hand them over."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def oracle(url: str, body: SignedBody, keys: Sequence[str]) -> bool:
    """What `twilio.request_validator` says with any of the keys."""
    text = body.content.decode()
    fields = Fields(parse_qs(text, keep_blank_values=True)) if body.is_form else text
    if not body.is_form and "bodySHA256" not in parse_qs(url.partition("?")[2]):
        return False  # it raises TypeError: JSON without a hash in the URL is signed by nothing
    algorithm = get_signature_algorithm(body.settings)
    return any(
        RequestValidator(key).validate(url, fields, body.signature, algorithm) for key in keys
    )


def ours(url: str, body: SignedBody, keys: Sequence[str] = KEYS[:1]) -> bool:
    return has_valid_signature(body, [url], keys)


def signed(text: str, key: str = KEYS[0], algorithm: str = "sha1") -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), algorithm)).decode()


def joined(pairs: Pairs) -> str:
    return "".join(name + value for name, value in sorted(set(pairs)))


def form(pairs: Pairs, signature: str, settings: str = "") -> SignedBody:
    return SignedBody(urlencode(pairs).encode(), True, signature, settings)


# What a signer may do to the fields; the first is right, all others at least sometimes wrong.
SIGNERS: dict[str, Callable[[Pairs, Random], str]] = {
    "as Twilio does": lambda pairs, random: joined(pairs),
    "trimmed": lambda pairs, random: joined([(n, v.strip()) for n, v in pairs]),
    "without blank fields": lambda pairs, random: joined([(n, v) for n, v in pairs if v]),
    "repetitions counted": lambda pairs, random: "".join(n + v for n, v in sorted(pairs)),
    "first of a repeated field": lambda pairs, random: joined(list(dict(pairs[::-1]).items())),
    "not sorted": lambda pairs, random: "".join(n + v for n, v in dict.fromkeys(pairs)),
    "a field dropped": lambda pairs, random: joined(pairs[1:]),
    "a field more": lambda pairs, random: joined([*pairs, ("Admin", "true")]),
    "a value changed": lambda pairs, random: joined([(n, v + "!") for n, v in pairs]),
    "names in lower case": lambda pairs, random: joined([(n.lower(), v) for n, v in pairs]),
    "still encoded": lambda pairs, random: urlencode(pairs),
    "no fields": lambda pairs, random: "",
}
NAMES = ["Body", "body", "Body2", "From", "To", "MessageSid", "MediaUrl0", "Ä", "a b", "", "x[]"]
PIECES = [
    "",
    " ",
    "  pad ",
    "\t",
    "+",
    "%",
    "%20",
    "&",
    "=",
    "é",
    "e\u0301",
    "日本",
    "👩‍👧",
    "\x00",
]
PIECES += ["\r\n", "\ufeff", "z", "SM1", "whatsapp:+4915555550199", "#", "?", "👩‍👧", "\ufffd"]
HOSTS = ["bot.example.com", "bot.example.com:443", "bot.example.com:80", "bot.example.com:8443"]
HOSTS += [
    "user:secret@bot.example.com",
    "[2001:db8::1]",
    "xn--bcher-kva.example",
    "BOT.example.com",
]
PATHS = ["", "/", "/webhook", "/a%20b/ü", "//twice", "/x:1@y"]
QUERIES = ["", "a=1", "b=2&a=1&b=1", "q=%C3%A9+%20", "=", "a", "bodySHA256=", "t=a%26b"]
SETTINGS = ["", "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "algorithm = hmac_sha256 ,key=1"]
SETTINGS += ["key=1", "algorithm=HMAC_SHA1", "algorithm=", "algorithm=HMAC_MD5", "HMAC_SHA256"]


def random_url(random: Random) -> str:
    query = random.choice(QUERIES)
    scheme = random.choice(["https", "https", "http"])
    return f"{scheme}://{random.choice(HOSTS)}{random.choice(PATHS)}" + (query and f"?{query}")


def signers_url(url: str, random: Random) -> str:
    """The URL that the signer has in mind: mostly this one, or one that differs somewhere."""
    changes: list[tuple[str, str]] = [("", "")] * 30
    changes += [("https:", "http:"), ("http:", "https:"), (":443", ""), (":80", ""), (":8443", "")]
    changes += [("example.com/", "example.com:443/"), ("example.com/", "example.com:80/")]
    changes += [("/", "//"), ("?", "?x=1&"), ("%C3%A9", "é"), ("+", "%20"), ("BOT", "bot")]
    return url.replace(*random.choice(changes))


def random_value(random: Random) -> str:
    return "".join(random.choice(PIECES) for _ in range(random.randrange(4)))


def random_headers(text: str, random: Random) -> tuple[str, str]:
    """The signature and the header that names its hash, which mostly is the one used."""
    settings = random.choice(SETTINGS[:1] * 6 + SETTINGS)
    algorithm = random.choice(["sha1", "sha256"] + ["sha256" if "256" in settings else "sha1"] * 8)
    right = signed(text, random.choice([*KEYS * 4, "wrong"]), algorithm)
    wrong = ["", right[:-1], right + "=", right.swapcase(), f" {right}", right + "é", "\ud800"]
    return random.choice([right] * 60 + wrong), settings


def random_form(random: Random) -> tuple[str, SignedBody]:
    url = random_url(random)
    pairs = [(random.choice(NAMES), random_value(random)) for _ in range(random.randrange(1, 9))]
    pairs += random.sample(pairs, random.randrange(2))
    signer = random.choice([SIGNERS["as Twilio does"]] * 30 + list(SIGNERS.values()))
    text = signers_url(url, random) + signer(pairs, random)
    return url, form(pairs, *random_headers(text, random))


def random_json(random: Random) -> tuple[str, SignedBody]:
    content = ('{"Body": "' + random_value(random) + '"}').encode()
    digest = hashlib.sha256(content).hexdigest()
    wrong = [digest.upper(), digest[:-1], hashlib.sha256(b"").hexdigest(), "", "é"]
    query = random.choice(
        [f"bodySHA256={digest}"] * 8
        + [f"a=1&bodySHA256={digest}&b", f"bodySHA256={digest}&bodySHA256=1", "a=1", ""]
        + [f"bodySHA256=1&bodySHA256={digest}", f"bodysha256={digest}"]
        + [f"bodySHA256={each}" for each in wrong]
    )
    url = random_url(random).partition("?")[0] + (query and f"?{query}")
    text = signers_url(url, random) + random.choice(["", "", "", content.decode()])
    return url, SignedBody(content, False, *random_headers(text, random))


def test_ten_thousand_requests_are_judged_as_twilio_s_package_judges_them() -> None:
    random = Random("signatures")
    judged = {True: 0, False: 0}
    for number in range(10_000):
        url, body = random_json(random) if number % 5 == 0 else random_form(random)
        keys = random.choice([KEYS, KEYS, KEYS[:1], KEYS[1:]])
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
