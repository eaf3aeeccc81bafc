"""Any text at all becomes a message, a callback or a quarantine, and never an item too much."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inbound import Malformed, ParsedMessage, StatusCallback, parse_inbound
from domain.text import clean
from tests.unit.builders import SAMPLES, body, parsed, raw_record, warnings
from tests.unit.oracle import check_body, check_records

MB = 1024 * 1024
SAMPLE_BODIES = [path.read_text() for path in sorted(SAMPLES.glob("*.txt"))]
RARE_FIELDS = ["ReferralSourceId", "ReferralBody", "InteractiveData", "FlowData", "Address"]
RARE_FIELDS += ["ParentExternalUserId", "OptOutType", "ButtonType", "MediaUrl7", "Username"]
FIELDS = sorted({name for text in SAMPLE_BODIES for name, _ in parse_qsl(text)} | {*RARE_FIELDS})

any_text = st.text(st.characters(exclude_categories=[]))
numbers = st.integers().map(str) | st.floats().map(str) | st.from_regex(r"-?[0-9.eE+]{1,60}")
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).map(json.dumps)
addresses = st.sampled_from(["whatsapp:+4915555550199", "72345", "rcs:x", ":", "a:b:c", "+"])
values = any_text | numbers | documents | addresses | st.sampled_from(["received", "true", ""])
forms = st.lists(st.tuples(st.sampled_from(FIELDS) | any_text, values), max_size=20)
encoded_forms = forms.map(lambda fields: urlencode(fields, errors="replace"))
percent_soup = st.text("%0123456789abcdefABCDEF&=+;: MediaUrl")


@st.composite
def mutilated_samples(draw: st.DrawFn) -> str:
    """A sample with a piece of it replaced."""
    text = draw(st.sampled_from(SAMPLE_BODIES))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(any_text | percent_soup) + text[end:]


@given(any_text | encoded_forms | percent_soup | mutilated_samples())
def test_any_body_is_one_of_three_and_what_is_stored_can_be(text: str) -> None:
    check_body(text)
    check_records([raw_record(text)])


@given(st.lists(encoded_forms | mutilated_samples(), max_size=10))
def test_any_batch_accounts_for_every_record(bodies: list[str]) -> None:
    check_records([raw_record(text, messageId=f"record-{n}") for n, text in enumerate(bodies)])


@given(any_text)
def test_a_text_comes_through_as_it_was_typed(text: str) -> None:
    message = parsed(Body=text.encode("utf-8", "replace").decode())
    assert message.content["text"] == clean(text.encode("utf-8", "replace").decode())


json_values = st.recursive(
    st.booleans() | st.integers(-(10**37), 10**37) | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=10,
)


@given(json_values)
def test_channel_metadata_comes_through_as_it_was_sent(value: Any) -> None:
    message = parsed(ChannelMetadata=json.dumps(value))
    assert warnings(message) == []
    stored = json.loads(json.dumps(message.metadata["channel_data"], default=int))
    assert stored == json.loads(json.dumps(value).replace("\\u0000", "\\ufffd"))


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


LARGE: dict[str, tuple[str, type]] = {
    "separators": ("&" * MB, Malformed),
    "equals signs": ("=" * MB, Malformed),
    "percent signs": ("%" * MB, Malformed),
    "blanks": ("+" * MB, Malformed),
    "nameless fields": ("=x&" * (MB // 3), Malformed),
    "encoded bytes": (body(Body=None) + "&Body=" + "%ff" * (MB // 3), Malformed),
    "long text": (body(Body="x" * MB), Malformed),
    "long sender": (body(WaId="1" * MB), Malformed),
    "long address": (body(WaId=None, From="whatsapp:+" + "1" * MB), Malformed),
    "colons": (body(WaId=None, From=":" * MB), Malformed),
    "long channel": (body(From="a" * MB + ":1"), Malformed),
    "long blank": (body(From="whatsapp:" + " " * MB + "1"), Malformed),
    "long id": (body(MessageSid="S" * MB), Malformed),
    "many fields": (body() + "".join(f"&Field{n}=x" for n in range(80_000)), ParsedMessage),
    "one field again and again": (body() + "&Body=x" * (MB // 7), ParsedMessage),
    "many media": (body() + "".join(f"&MediaUrl{n}=u" for n in range(10_000)), ParsedMessage),
    "media beyond all numbers": (
        body() + "".join(f"&MediaUrl{n}=u" for n in range(10_000, 70_000)),
        ParsedMessage,
    ),
    "media without urls": (
        body() + "".join(f"&MediaContentType{n}=image/png" for n in range(10_000)),
        ParsedMessage,
    ),
    "long counts": (body(NumMedia="9" * MB, NumSegments="9" * MB), ParsedMessage),
    "long coordinates": (body(Latitude="1" * MB, Longitude="0." + "0" * MB), ParsedMessage),
    "deep document": (body(ChannelMetadata=nested(MB // 8)), ParsedMessage),
    "deep and wide document": (body(FlowData=f"[{','.join([nested(20)] * 8000)}]"), ParsedMessage),
    "long number in a document": (body(FlowData="1" * MB), ParsedMessage),
    "many numbers": (body(ChannelMetadata=f"[{','.join(['1.5'] * 100_000)}]"), ParsedMessage),
    "open strings": (body(InteractiveData='["' * (MB // 8)), ParsedMessage),
    "escapes": (body(FlowData='"' + "\\ud83d" * (MB // 10) + '"'), ParsedMessage),
    "surrogates": ("\ud83d" * (MB // 4), Malformed),
    "status callback": (body(MessageStatus="r" * MB), StatusCallback),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_megabyte_of_anything_is_dealt_with(name: str) -> None:
    """Should one of these take more than linear time, the test run's own limit ends it."""
    text, kind = LARGE[name]
    assert type(parse_inbound(text)) is kind
    check_records([raw_record(text)])
