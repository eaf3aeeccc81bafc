"""A form is found in the three envelopes that public producers use, and in no other JSON."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from consumer.webhook.message import InboundMessage, Malformed, StatusCallback, as_dict
from consumer.webhook.parse import parse_inbound
from tests.support.builders import SENDER, SID, body

TRAP = "x&From=whatsapp:%2B15550000666&WaId=15550000666&Body=chosen"
BROKEN = "broken JSON, not a form"
DEEP = "JSON nested too deeply, not a form"
UNKNOWN = "a JSON object that is no known envelope of a form"
AGAIN = "an envelope whose content is JSON again, not a form"


def fields_of(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def sns(text: str, **more: Any) -> str:
    """An SNS notification without raw delivery."""
    topic = "arn:aws:sns:us-east-1:123456789012:webhooks"
    known = {"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": text}
    return json.dumps(known | more)


def http_event(text: str | None, is_base64: bool = False) -> str:
    """An event of API Gateway or a function URL."""
    context = {"http": {"method": "POST"}, "domainName": "x.lambda-url.us-east-1.on.aws"}
    event = {"version": "2.0", "rawPath": "/", "requestContext": context}
    return json.dumps(event | {"body": text, "isBase64Encoded": is_base64})


def base64_event(text: str) -> str:
    return http_event(base64.b64encode(text.encode()).decode(), is_base64=True)


def flat(text: str) -> str:
    """The fields as one JSON object, as a Twilio function hands them over, its request beside."""
    return json.dumps({"request": {"headers": {"host": "x"}}} | fields_of(text))


ENVELOPES = pytest.mark.parametrize(
    "wrap", [sns, http_event, base64_event, flat], ids=lambda each: each.__name__
)


def malformed(text: str) -> str:
    """The reason of a body that has to be malformed."""
    result = parse_inbound(text)
    assert isinstance(result, Malformed), result
    return result.reason


@ENVELOPES
def test_a_form_in_an_envelope_is_the_message_it_would_be_alone(wrap: Any) -> None:
    form = body(Body="Zoë & 100 % +1 👋\n", ProfileName="A=B", MessageStatus="received")
    in_envelope, alone = (as_dict(parse_inbound(text)) for text in (wrap(form), form))
    assert isinstance(parse_inbound(wrap(form)), InboundMessage)
    in_envelope["raw"].pop("request", None)
    assert in_envelope == alone


@ENVELOPES
def test_a_callback_in_an_envelope_is_one(wrap: Any) -> None:
    assert isinstance(parse_inbound(wrap(body(MessageStatus="read"))), StatusCallback)


@ENVELOPES
def test_a_text_within_json_cannot_choose_the_sender(wrap: Any) -> None:
    result = parse_inbound(wrap(body(Body=TRAP)))
    assert isinstance(result, InboundMessage)
    assert (result.sender_id, result.message_id, result.content["text"]) == (SENDER, SID, TRAP)


@pytest.mark.parametrize("name", ["MessageSid", "SmsMessageSid", "SmsSid"])
def test_a_flat_object_is_told_by_its_message_sid(name: str) -> None:
    result = parse_inbound(flat(body(**{"MessageSid": None} | {name: "SM1"})))
    assert isinstance(result, InboundMessage)
    assert result.message_id == "SM1"


def test_values_of_a_flat_object_that_are_no_text_are_read_as_a_form_has_them() -> None:
    values = {"MessageSid": SID, "WaId": 4915555550199, "NumMedia": 0, "Forwarded": True}
    place = {"Latitude": 25.018766403198000, "ProfileName": None, "Body": "\ud83d"}
    metadata = {"ChannelMetadata": {"type": "whatsapp"}}
    result = parse_inbound(json.dumps(values | place | metadata))
    assert isinstance(result, InboundMessage)
    assert result.sender_id == "4915555550199"
    assert str(result.content["location"]["latitude"]) == "25.018766403198"
    assert (result.content["forwarded"], result.content["text"]) == (True, "\ufffd")
    assert result.sender["name"] is None
    assert result.metadata["channel_data"] == {"type": "whatsapp"}


@pytest.mark.parametrize("wrap", [sns, http_event, base64_event])
@pytest.mark.parametrize("inner", [sns, http_event, flat])
def test_an_envelope_is_opened_once(wrap: Any, inner: Any) -> None:
    assert malformed(wrap(inner(body()))) == AGAIN


@pytest.mark.parametrize("front", ["", " ", "\n\t"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", UNKNOWN),
        (json.dumps({"From": "whatsapp:+1", "Body": TRAP}), UNKNOWN),
        (json.dumps({"MessageSid": ["SM1"], "From": "whatsapp:+1"}), UNKNOWN),
        (json.dumps({"MessageSid": " ", "From": "whatsapp:+1"}), UNKNOWN),
        (json.dumps({"Type": "SubscriptionConfirmation", "Message": body()}), UNKNOWN),
        (sns(body(), Message={"default": body()}), UNKNOWN),
        (json.dumps({"body": body()}), UNKNOWN),
        (http_event(None), "an HTTP event without a body"),
        (
            http_event(body(), is_base64=True),
            "an HTTP event whose body is not the base64 it says it is",
        ),
        (json.dumps([fields_of(body())]), "a JSON list, not a form"),
        (json.dumps(body()), "a JSON string, not a form"),
        ("{", BROKEN),
        ('["a', BROKEN),
        (f'{{"a": "{body()}"', BROKEN),
        (f'"{body()}', BROKEN),
        ('{"a": 1}&' + body(), BROKEN),
        ("[" * 100_000, DEEP),
        ('{"MessageSid":' * 100_000, DEEP),
    ],
)
def test_any_other_json_is_malformed_with_its_reason(front: str, text: str, reason: str) -> None:
    assert malformed(front + text) == reason


@pytest.mark.parametrize(
    "text", [sns(body()), flat(body()), json.dumps(body()), json.dumps([1]), ' {"a": 1}']
)
def test_json_sent_as_a_forms_field_is_not_read_as_one(text: str) -> None:
    assert malformed(quote(text) + "=") == "JSON encoded as the name of a form's field"


def test_a_number_of_any_length_in_json_does_no_harm() -> None:
    assert malformed('{"a": ' + "9" * 100_000 + "}") == UNKNOWN


@pytest.mark.parametrize("text", [body(), sns(body()), flat(body()), body(Body="x" * 100_000)])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_base64_says_that_it_is_base64(text: str, encode: Any) -> None:
    assert malformed(encode(text.encode()).decode()) == "base64 of a body, not a form"
    assert malformed(sns(encode(text.encode()).decode())) == "base64 of a body, not a form"


@pytest.mark.parametrize("mark", ["\ufeff", "%EF%BB%BF", "%ef%bb%bf", "\u00ef\u00bb\u00bf"])
def test_a_byte_order_mark_before_a_form_is_accepted(mark: str) -> None:
    assert parse_inbound(mark + body()) == parse_inbound(body())
    assert parse_inbound(sns(mark + body())) == parse_inbound(body())


@pytest.mark.parametrize("rest", ["", "hello", sns(body()), "=x", "&"])
def test_a_byte_order_mark_before_anything_else_is_malformed(rest: str) -> None:
    assert malformed("\ufeff" + rest) == "a byte-order mark with no form behind it"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "From=&WaId=&Body=",
        "=x",
        "%%%",
        "AAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAA+AAA-AAAAAAAAAAA",
        "AAAA_AAA/AAAAAAAAAAA",
    ],
)
def test_fields_without_a_value_are_no_form(text: str) -> None:
    assert malformed(text) == "no sender: no field of the form has a value"


@pytest.mark.parametrize(
    "text", [sns("secret words"), json.dumps({"secret": "words"}), '"secret words"', "{secret"]
)
def test_no_reason_shows_anything_of_the_body(text: str) -> None:
    assert "secret" not in json.dumps(as_dict(parse_inbound(text))["metadata"])
