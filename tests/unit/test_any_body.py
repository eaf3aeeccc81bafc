"""Any text at all becomes a message, a callback or a quarantine, and never an item too much."""

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.text import clean
from consumer.webhook.message import InboundMessage, Malformed, StatusCallback
from consumer.webhook.parse import parse_inbound
from tests.support.any_body import (
    any_text,
    base64_soup,
    encoded_forms,
    json_bodies,
    mutilated_samples,
    percent_soup,
)
from tests.support.builders import body, parsed, raw_record, warnings
from tests.support.invariants import check_body, check_records

MB = 1024 * 1024
# Below it the clock's own steps would count.
SMALLEST_SECONDS = 0.0005
MOST_MEASURED = 30


@given(any_text | encoded_forms | percent_soup | base64_soup | json_bodies | mutilated_samples())
def test_any_body_is_one_of_three_and_what_is_stored_can_be(text: str) -> None:
    check_body(text)
    check_records([raw_record(text)])


@given(st.lists(encoded_forms | json_bodies | mutilated_samples(), max_size=10))
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


def many(part: str, size: int) -> str:
    """The part again and again, so many bytes in all."""
    return part * (size // len(part))


def numbered(part: str, size: int, first: int = 0) -> str:
    """A part for each number from the first on, so many bytes in all, roughly."""
    count = size // (len(part) + 4)
    return "".join(part.format(n) for n in range(first, first + count))


LARGE: dict[str, tuple[Callable[[int], str], type]] = {
    "separators": (lambda size: "&" * size, Malformed),
    "equals signs": (lambda size: "=" * size, Malformed),
    "percent signs": (lambda size: "%" * size, Malformed),
    "blanks": (lambda size: "+" * size, Malformed),
    "nameless fields": (lambda size: many("=x&", size), Malformed),
    "encoded bytes": (lambda size: body(Body=None) + "&Body=" + many("%ff", size), Malformed),
    "long text": (lambda size: body(Body="x" * size), Malformed),
    "long sender": (lambda size: body(WaId="1" * size), Malformed),
    "long address": (lambda size: body(WaId=None, From="whatsapp:+" + "1" * size), Malformed),
    "colons": (lambda size: body(WaId=None, From=":" * size), Malformed),
    "long channel": (lambda size: body(From="a" * size + ":1"), Malformed),
    "long blank": (lambda size: body(From="whatsapp:" + " " * size + "1"), Malformed),
    "long id": (lambda size: body(MessageSid="S" * size), Malformed),
    "many fields": (lambda size: body() + numbered("&Field{}=x", size), InboundMessage),
    "one field again and again": (lambda size: body() + many("&Body=x", size), InboundMessage),
    "many media": (lambda size: body() + numbered("&MediaUrl{}=u", size), InboundMessage),
    "media beyond all numbers": (
        lambda size: body() + numbered("&MediaUrl{}=u", size, first=10_000),
        InboundMessage,
    ),
    "media without urls": (
        lambda size: body() + numbered("&MediaContentType{}=image/png", size),
        InboundMessage,
    ),
    "long counts": (
        lambda size: body(NumMedia="9" * size, NumSegments="9" * size),
        InboundMessage,
    ),
    "long coordinates": (
        lambda size: body(Latitude="1" * size, Longitude="0." + "0" * size),
        InboundMessage,
    ),
    "deep document": (lambda size: body(ChannelMetadata=nested(size // 8)), InboundMessage),
    "deep and wide document": (
        lambda size: body(FlowData=f"[{many(nested(20) + ',', size // 3)}0]"),
        InboundMessage,
    ),
    "long number in a document": (lambda size: body(FlowData="1" * size), InboundMessage),
    "many numbers": (
        lambda size: body(ChannelMetadata=f"[{many('1.5,', size // 2)}0]"),
        InboundMessage,
    ),
    "open strings": (lambda size: body(InteractiveData=many('["', size // 4)), InboundMessage),
    "escapes": (lambda size: body(FlowData='"' + many("\\ud83d", size // 2) + '"'), InboundMessage),
    "surrogates": (lambda size: "\ud83d" * (size // 4), Malformed),
    "envelope": (
        lambda size: json.dumps({"Type": "Notification", "Message": body(Body="x" * size)}),
        Malformed,
    ),
    "flat object of many fields": (
        lambda size: "{" + numbered('"Field{}":"x",', size) + '"WaId":"1","SmsSid":"1"}',
        InboundMessage,
    ),
    "deep JSON": (lambda size: "[" * size, Malformed),
    "deep value in a flat object": (
        lambda size: f'{{"SmsSid": "1", "WaId": {nested(size // 2)}}}',
        Malformed,
    ),
    "open objects": (lambda size: many('{"a":', size), Malformed),
    "long number in JSON": (lambda size: f'{{"a": {"1" * size}}}', Malformed),
    "blanks before JSON": (lambda size: " " * size + "{", Malformed),
    "base64": (lambda size: "Qm9keT1o" * (size // 8), Malformed),
    "marks": (lambda size: "\ufeff" * (size // 4), Malformed),
    "blanks before a number": (lambda size: body(From=" " * size + "1"), InboundMessage),
    "encoded again and again": (
        lambda size: body(WaId=None, From=many("%25", size)),
        Malformed,
    ),
    "many other recipients": (
        lambda size: body() + numbered("&OtherRecipients{}=%252B4", size),
        InboundMessage,
    ),
    "status callback": (lambda size: body(MessageStatus="r" * size), StatusCallback),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_megabyte_of_anything_is_dealt_with(name: str) -> None:
    make, kind = LARGE[name]
    text = make(MB)
    assert type(parse_inbound(text)) is kind
    check_records([raw_record(text)])


@pytest.mark.parametrize("name", LARGE)
def test_eight_times_as_much_takes_about_eight_times_as_long(name: str) -> None:
    """Of CPU: linear is 8, with room for noise; quadratic is 64.

    A busy machine only ever adds to it, so the least of many counts; one that is enough ends it.
    """
    make, _ = LARGE[name]
    small_text, large_text = make(MB // 16), make(MB // 2)
    small = min(cpu_seconds(small_text) for _ in range(3))
    limit = 24 * max(small, SMALLEST_SECONDS)
    assert any(cpu_seconds(large_text) <= limit for _ in range(MOST_MEASURED))


def cpu_seconds(text: str) -> float:
    """The CPU that a text takes, without a garbage collection."""
    gc.disable()
    try:
        before = time.thread_time()
        parse_inbound(text)
        return time.thread_time() - before
    finally:
        gc.enable()
