"""What the fuzzer feeds, and with what it begins: one function of bytes for each decoder."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from atheris import FuzzedDataProvider  # type: ignore[import-untyped]

from consumer.notification.retry_record import retry_body
from tests.support.builders import (
    SAMPLES,
    attributed,
    body,
    notification,
    raw_record,
    stream_record,
)
from tests.support.invariants import (
    check_body,
    check_records,
    check_retry_record,
    check_stream_record,
)


def fuzz_body(data: bytes) -> None:
    """The text of a webhook body, as it is and in a record."""
    text = text_of(data)
    check_body(text)
    check_records([raw_record(text)])


def fuzz_records(data: bytes) -> None:
    """A batch of SQS records, parts of them replaced."""
    chance = FuzzedDataProvider(data)
    check_records([vary(chance.PickValueInList(RECORDS), chance) for _ in range(3)])


def fuzz_stream_record(data: bytes) -> None:
    """A record of the table's stream, parts of it replaced."""
    check_stream_record(vary(stream_record(), FuzzedDataProvider(data)))


def fuzz_retry_record(data: bytes) -> None:
    """A scheduled notification, parts of it replaced, and any text in its place."""
    chance = FuzzedDataProvider(data)
    text = json.dumps(vary(json.loads(retry_body(notification())), chance))
    check_retry_record(vary({"messageId": "record-1", "body": text}, chance))
    check_retry_record({"messageId": "record-1", "body": text_of(data)})


def vary(value: Any, chance: FuzzedDataProvider) -> Any:
    """The value with parts of it replaced, left out or added, as the data has it."""
    if chance.ConsumeIntInRange(0, 7) == 7:
        return any_value(chance)
    if isinstance(value, dict):
        kept = {name: vary(each, chance) for name, each in value.items() if chance.ConsumeBool()}
        return value | kept if chance.ConsumeBool() else kept
    return value


def any_value(chance: FuzzedDataProvider, levels: int = 3) -> Any:
    """Whatever JSON can hold, and what the decoders look for more often than not."""
    kinds: list[Callable[[], Any]] = [
        lambda: chance.ConsumeUnicode(chance.ConsumeIntInRange(0, 200)),
        lambda: chance.PickValueInList(WORDS),
        lambda: str(chance.ConsumeInt(16)),
        lambda: chance.ConsumeInt(16),
        lambda: chance.ConsumeFloat(),
        lambda: chance.PickValueInList([None, True, False, "", [], {}]),
        lambda: [any_value(chance, levels - 1)],
        lambda: {chance.PickValueInList(WORDS): any_value(chance, levels - 1)},
    ]
    return chance.PickValueInList(kinds if levels else kinds[:6])()


def break_on_a_sid(data: bytes) -> None:
    """Not a decoder: shows that what a target finds is reported."""
    assert b"MessageSid" not in data


def text_of(data: bytes) -> str:
    """Any bytes as text, those that are no UTF-8 as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


BODIES = [path.read_bytes() for path in sorted(SAMPLES.glob("*.txt"))] + [
    body(FlowData='{"a": [1.5, {"b": null}]}', Latitude="1e-3", Forwarded="true").encode(),
    body(ReferralSourceId="1", ReferralBody="ad", OptOutType="STOP", ButtonText="x").encode(),
    body(MessageSid=None, WaId=None, ExternalUserId="whatsapp:ID.1", From=None).encode(),
    json.dumps({"Type": "Notification", "Message": body(OtherRecipients0="+1")}).encode(),
    json.dumps({"body": b64encode(body().encode()).decode(), "isBase64Encoded": True}).encode(),
    json.dumps({"MessageSid": "SM1", "WaId": 49, "ChannelMetadata": {"a": [1.5]}}).encode(),
    b"CallSid=CA1&CallStatus=ringing&From=%252B49&EventType=onMessageAdded",
    b"Body=%ED%A0%80%00%FF&From=72345",
]
WORDS = sorted(
    {name for text in BODIES for name, _ in parse_qsl(text.decode(), errors="replace")}
    | {"MediaUrl1", "InteractiveData", "MessageStatus", "&", "=", "%00", "%ED%A0%80", "%7B%22"}
    | {"SentTimestamp", "stringValue", "NewImage", "M", "N", "S", "INSERT", "inbound", "1e126"}
)
RECORDS = [
    raw_record(),
    raw_record(body(MessageSid=None)),
    attributed(raw_record("x"), OriginalMessageId="first", OriginalSentTimestamp="1"),
]

TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "body": (fuzz_body, BODIES),
    "records": (fuzz_records, BODIES),
    "stream_record": (fuzz_stream_record, BODIES),
    "retry_record": (fuzz_retry_record, [retry_body(notification()).encode()]),
    "self_test": (break_on_a_sid, BODIES),
}
