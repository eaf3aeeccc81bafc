"""A body is an inbound message, a status callback, or malformed; which, and under which id."""

from typing import Any

import pytest

from consumer.webhook.message import InboundMessage, Malformed, StatusCallback, as_dict
from consumer.webhook.parse import parse_inbound
from tests.support.builders import SID, body, parsed, warnings

KB = 1024


@pytest.mark.parametrize(
    "fields",
    [
        {"SmsStatus": "received"},
        {"SmsStatus": "receiving"},
        {"SmsStatus": "RECEIVED"},
        {"SmsStatus": None},
        {"SmsStatus": ""},
        {"SmsStatus": None, "MessageStatus": ""},
        {"MessageStatus": "received"},
        {"MessageStatus": " Received "},
        {"MessageStatus": "RECEIVING"},
        {"SmsStatus": None, "MessageStatus": "received"},
        {"SmsStatus": "receiving", "MessageStatus": "received"},
    ],
)
def test_a_body_with_an_inbound_status_or_none_is_a_message(fields: dict[str, str | None]) -> None:
    assert isinstance(parse_inbound(body(**fields)), InboundMessage)


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageStatus": "read"},
        {"MessageStatus": "received", "SmsStatus": "sent"},
        {"MessageStatus": "Delivered", "SmsStatus": "received"},
        {"SmsStatus": "sent"},
        {"SmsStatus": "delivered", "From": None, "WaId": None},
        {"SmsStatus": None, "MessageStatus": "failed"},
    ],
)
def test_any_other_status_makes_a_callback(fields: dict[str, str | None]) -> None:
    assert isinstance(parse_inbound(body(**fields)), StatusCallback)


@pytest.mark.parametrize("text", ["", "&", "&&&"])
def test_a_body_without_fields_is_malformed(text: str) -> None:
    assert parse_inbound(text) == Malformed("the body holds no fields")


@pytest.mark.parametrize("other", [None, 1, b"Body=hi", {"Body": "hi"}, ["Body=hi"]])
def test_a_body_that_is_no_text_is_malformed(other: object) -> None:
    assert parse_inbound(other) == Malformed("the body is not text")


@pytest.mark.parametrize("text", ["hello", '{"From": "whatsapp:+1"}', "%%%", "=x", "\x00"])
def test_text_that_is_no_form_is_malformed(text: str) -> None:
    assert isinstance(parse_inbound(text), Malformed)


def test_a_malformed_body_shows_nothing_of_itself_in_its_reason() -> None:
    shape = as_dict(parse_inbound("Body=secret+words"))
    assert shape["message_type"] == "malformed"
    assert "secret" not in shape["metadata"]["reason"]


@pytest.mark.parametrize("text", [body(), "", "x=1", body(MessageStatus="read")])
def test_every_parsed_body_has_the_same_keys(text: str) -> None:
    keys = {"message_type", "channel", "sender", "content", "metadata", "raw"}
    assert as_dict(parse_inbound(text)).keys() == keys


def test_a_callback_keeps_the_id_of_the_message_it_is_about() -> None:
    assert as_dict(parse_inbound(body(MessageStatus="read")))["metadata"]["message_id"] == SID


@pytest.mark.parametrize(
    ("sids", "message_id", "source"),
    [
        ({"SmsMessageSid": "SM2", "SmsSid": "SM3"}, SID, None),
        ({"MessageSid": None, "SmsMessageSid": "SM2", "SmsSid": "SM3"}, "SM2", "SmsMessageSid"),
        ({"MessageSid": " ", "SmsSid": "SM3"}, "SM3", "SmsSid"),
        ({"MessageSid": None}, "", None),
    ],
)
def test_the_first_sid_there_is_names_the_message_and_metadata_says_which(
    sids: dict[str, str | None], message_id: str | None, source: str | None
) -> None:
    message = parsed(**sids)
    assert message.message_id == message_id
    assert message.metadata.get("message_id_source") == source


def test_metadata_has_its_fixed_keys_and_what_is_known_beside_them() -> None:
    fields = {"OptOutType": "STOP", "MessagingServiceSid": "MG1", "ChannelMetadata": '{"n": 1}'}
    assert parsed(**fields).metadata == {
        "message_id": SID,
        "account_id": "AC0123456789abcdef0123456789abcdef",
        "status": "received",
        "channel_data": {"n": 1},
        "to": "whatsapp:+14155238886",
        "messaging_service_id": "MG1",
        "opt_out_type": "STOP",
    }


def test_a_group_message_names_the_other_people_in_order() -> None:
    others = {f"OtherRecipients{n}": f"+1555555010{n % 10}" for n in (10, 2, 0)}
    metadata = parsed(**others, OtherRecipients1=" ").metadata
    assert metadata["other_recipients"] == ["+15555550100", "+15555550102", "+15555550100"]
    assert "other_recipients" not in parsed(OtherRecipients0="").metadata


def test_unknown_fields_are_kept_raw_and_do_no_harm() -> None:
    message = parsed(BrandNewField="1", **{"": "nameless"})
    assert message.raw["BrandNewField"] == "1"
    assert warnings(message) == []


def test_of_a_repeated_field_the_first_counts() -> None:
    message = parse_inbound(body(Body="first") + "&Body=second&WaId=1")
    assert as_dict(message)["content"]["text"] == "first"


@pytest.mark.parametrize("encoded", ["a%00b", "a\x00b", "a%ED%A0%80b", "a\ud800b", "a%FFb"])
def test_nul_broken_utf8_and_lone_surrogates_become_replacement_characters(encoded: str) -> None:
    text = as_dict(parse_inbound(f"{body(Body=None)}&Body={encoded}"))["content"]["text"]
    assert text.startswith("a�")
    assert text.endswith("b")
    assert text.isprintable()


def test_a_surrogate_pair_becomes_the_character_it_means() -> None:
    text = f"{body(Body=None)}&Body=\ud83d\udc4b"
    assert as_dict(parse_inbound(text))["content"]["text"] == "👋"


@pytest.mark.parametrize(
    "fields",
    [
        {"WaId": "1" * 2049},
        {"MessageSid": "S" * 1025},
        {"Body": "x" * 400 * KB},
        {"From": f"{'a' * 200 * KB}:1", "WaId": "1"},
        {"MessageType": "t" * 395 * KB},
    ],
)
def test_what_no_item_can_hold_is_malformed(fields: dict[str, str]) -> None:
    result = parse_inbound(body(**fields))
    assert isinstance(result, Malformed)
    assert "DynamoDB item" in result.reason or "exceeds" in result.reason


@pytest.mark.parametrize(
    ("field", "part", "key"),
    [
        ("ChannelMetadata", "metadata", "channel_data"),
        ("FlowData", "content", "flow"),
        ("InteractiveData", "content", "interactive"),
    ],
)
def test_a_document_too_large_to_store_is_dropped_and_the_message_kept(
    field: str, part: str, key: str
) -> None:
    message = parsed(**{field: f'["{"x" * 400 * KB}"]'})
    parts: dict[str, dict[str, Any]] = {"content": message.content, "metadata": message.metadata}
    assert parts[part][key] is None
    assert warnings(message) == [f"{key} dropped: item too large"]


def test_no_more_is_dropped_than_has_to_be() -> None:
    message = parsed(ChannelMetadata=f'["{"x" * 300 * KB}"]', FlowData=f'["{"x" * 300 * KB}"]')
    assert message.metadata["channel_data"] is None
    assert message.content["flow"] is not None
