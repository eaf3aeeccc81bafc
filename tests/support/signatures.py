"""Requests as Twilio might sign them, right and wrong, and what Twilio's package says of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import parse_qs, urlencode

from twilio.request_validator import RequestValidator, get_signature_algorithm

from consumer.webhook.signature import SignedBody

KEYS = ("12345678901234567890123456789012", "a shared key and a 🔑")
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


def random_request(random: Random, number: int) -> tuple[str, SignedBody, Sequence[str]]:
    """The URL as Twilio has it, a body with its headers, and the keys that the verifier has."""
    url, body = random_json(random) if number % 5 == 0 else random_form(random)
    return url, body, random.choice([KEYS, KEYS, KEYS[:1], KEYS[1:]])
