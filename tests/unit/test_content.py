"""What a message says; a bad part costs that part and a warning, never the message."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.builders import parsed, warnings

FIRST = {"MediaUrl0": "https://api.twilio.com/0", "MediaContentType0": "image/png"}
SECOND = {"MediaUrl1": "https://api.twilio.com/1", "MediaContentType1": "audio/ogg"}


def content(**fields: str | None) -> dict[str, Any]:
    """The content of a message of which nothing had to be dropped."""
    message = parsed(**fields)
    assert warnings(message) == []
    return message.content


@pytest.mark.parametrize(("text", "kept"), [(None, ""), ("", ""), (" a\n", " a\n"), ("+&%", "+&%")])
def test_the_text_is_kept_as_it_was_typed(text: str | None, kept: str) -> None:
    assert content(Body=text)["text"] == kept


def test_a_text_of_any_length_is_kept() -> None:
    assert content(Body="x" * 100_000)["text"] == "x" * 100_000


def test_a_plain_text_has_the_fixed_keys_only() -> None:
    assert content() == {"text": "hi", "media_count": 0, "segments": 1}


@pytest.mark.parametrize(
    ("address", "segments", "count"),
    [("whatsapp:US.A", None, 1), ("+15555550101", None, None), ("+15555550101", "3", 3)],
)
def test_segments_are_one_off_sms_and_unknown_where_sms_names_none(
    address: str, segments: str | None, count: int | None
) -> None:
    fields = {"From": address, "To": None, "WaId": None, "NumSegments": segments}
    assert content(**fields)["segments"] == count


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "1e3", "²", "٣", "9" * 10])
@pytest.mark.parametrize(
    ("field", "key", "dropped"), [("NumSegments", "segments", None), ("NumMedia", "media_count", 0)]
)
def test_a_count_that_is_no_number_costs_the_count(
    number: str, field: str, key: str, dropped: int | None
) -> None:
    message = parsed(**{field: number})
    assert message.content[key] == dropped
    assert warnings(message) == [f"{field} is no count"]


def test_every_medium_is_kept_in_order() -> None:
    items = content(NumMedia="2", **SECOND, **FIRST)["media_items"]
    assert [item["content_type"] for item in items] == ["image/png", "audio/ogg"]


def test_the_tenth_medium_comes_after_the_second() -> None:
    urls = {f"MediaUrl{n}": f"https://api.twilio.com/{n}" for n in (10, 2)}
    items = content(NumMedia="2", **urls)["media_items"]
    assert [item["url"][-2:] for item in items] == ["/2", "10"]


@pytest.mark.parametrize("stated", ["0", "1", "3"])
def test_urls_count_where_the_stated_count_disagrees(stated: str) -> None:
    message = parsed(NumMedia=stated, **FIRST, **SECOND)
    assert message.content["media_count"] == len(message.content["media_items"]) == 2
    assert warnings(message) == ["NumMedia disagrees with the media urls"]


@pytest.mark.parametrize("url", [None, "", " "])
def test_a_medium_without_url_costs_that_medium(url: str | None) -> None:
    message = parsed(NumMedia="1", **SECOND | {"MediaUrl1": url}, **FIRST)
    assert [item["url"] for item in message.content["media_items"]] == [FIRST["MediaUrl0"]]
    assert warnings(message) == ["a media url is missing"]


def test_a_medium_without_type_keeps_its_url() -> None:
    [item] = content(NumMedia="1", MediaUrl0="https://api.twilio.com/0")["media_items"]
    assert item == {"url": "https://api.twilio.com/0", "content_type": None}


def test_a_location_has_numbers_and_words() -> None:
    location = content(Latitude="+25.01", Longitude="-77.4", Address="Main St 1", Label="Café")
    assert location["location"] == {
        "latitude": Decimal("25.01"),
        "longitude": Decimal("-77.4"),
        "address": "Main St 1",
        "label": "Café",
    }


@pytest.mark.parametrize("bad", ["north", "25,1", "NaN", "Infinity", "1e999", "0x10", "1" * 39])
def test_a_coordinate_that_is_no_number_costs_that_coordinate(bad: str) -> None:
    message = parsed(Latitude=bad, Longitude="1")
    assert message.content["location"] == {"longitude": Decimal(1)}
    assert warnings(message) == ["Latitude is no number"]


def test_a_tapped_button_is_read_whatever_the_message_type_says() -> None:
    fields = {"ButtonText": "Yes", "ButtonPayload": "yes-1", "ButtonType": "REPLY"}
    assert content(MessageType="text", **fields)["button"] == {
        "text": "Yes",
        "payload": "yes-1",
        "type": "REPLY",
    }


def test_a_choice_from_a_list_is_read_beside_the_text() -> None:
    fields = {"ListId": "row-1", "ListTitle": "Nassau", "ListDescription": "by boat"}
    message = parsed(Body="Nassau", **fields)
    assert message.content["list"] == {
        "id": "row-1",
        "title": "Nassau",
        "description": "by boat",
    }
    assert (message.content["text"], message.message_type) == ("Nassau", "interactive")
    assert content(ListId="row-1", ListTitle="")["list"] == {"id": "row-1"}


@pytest.mark.parametrize(
    ("field", "key"), [("InteractiveData", "interactive"), ("FlowData", "flow")]
)
def test_json_fields_are_parsed_with_exact_numbers(field: str, key: str) -> None:
    assert content(**{field: '{"a": [1.10, true, null]}'})[key] == {
        "a": [Decimal("1.10"), True, None]
    }


@pytest.mark.parametrize("broken", ["{", '{"a":}', "[1,]", "nul", "'a'", "[" * 5000])
@pytest.mark.parametrize("field", ["InteractiveData", "FlowData", "ChannelMetadata"])
def test_broken_json_costs_that_field(field: str, broken: str) -> None:
    message = parsed(**{field: broken})
    assert message.content == {"text": "hi", "media_count": 0, "segments": 1}
    assert message.metadata["channel_data"] is None
    assert warnings(message) == [f"{field} is not JSON that can be stored"]


@pytest.mark.parametrize(("stated", "flag"), [("true", True), ("false", False), ("False", False)])
def test_forwarded_is_a_boolean(stated: str, flag: bool) -> None:
    message = content(Forwarded=stated, FrequentlyForwarded=stated)
    assert (message["forwarded"], message["frequently_forwarded"]) == (flag, flag)


def test_a_flag_that_is_neither_costs_the_flag() -> None:
    message = parsed(Forwarded="maybe", FrequentlyForwarded="")
    assert not message.content.keys() & {"forwarded", "frequently_forwarded"}
    assert warnings(message) == ["Forwarded is neither true nor false"]


def test_a_quoted_reply_names_message_and_sender() -> None:
    quoted = content(OriginalRepliedMessageSid="SM1", OriginalRepliedMessageSender="whatsapp:+1")
    assert quoted["reply_to"] == {"message_id": "SM1", "sender": "whatsapp:+1"}


def test_the_sender_of_a_quoted_reply_is_mended_as_every_address() -> None:
    message = parsed(OriginalRepliedMessageSender="whatsapp%3A%2B1")
    assert message.content["reply_to"] == {"sender": "whatsapp:+1"}
    assert warnings(message) == ["OriginalRepliedMessageSender was encoded twice"]
    assert content(OriginalRepliedMessageSender="whatsapp: 4915555550199")["reply_to"] == {
        "sender": "whatsapp:+4915555550199"
    }


def test_a_referral_keeps_all_that_the_ad_says() -> None:
    said = {
        "Body": "Fly with us",
        "Headline": "Nassau from 99",
        "SourceId": "120208",
        "SourceType": "ad",
        "SourceUrl": "https://fb.me/1",
        "MediaId": "778",
        "MediaContentType": "image/jpeg",
        "MediaUrl": "https://scontent.example/1",
        "CtwaClid": "ARAkLkA8",
    }
    assert content(**{f"Referral{name}": value for name, value in said.items()})["referral"] == {
        "body": "Fly with us",
        "headline": "Nassau from 99",
        "source_id": "120208",
        "source_type": "ad",
        "source_url": "https://fb.me/1",
        "media_id": "778",
        "media_content_type": "image/jpeg",
        "media_url": "https://scontent.example/1",
        "ctwa_clid": "ARAkLkA8",
    }


def test_a_referral_is_known_by_its_source_id() -> None:
    assert "referral" not in content(ReferralNumMedia="0", ReferralBody="ad")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"MessageType": "Sticker"}, "sticker"),
        ({}, "text"),
        ({"ButtonText": "Yes"}, "button"),
        ({"InteractiveData": "{}", "Latitude": "1"}, "location"),
        ({"InteractiveData": '{"a": 1}'}, "interactive"),
        ({"FlowData": '{"a": 1}', "Latitude": "1"}, "interactive"),
        ({"FlowData": "{}"}, "text"),
        ({"ListId": "row-1", "NumMedia": "1", **SECOND}, "interactive"),
        ({"ListId": "row-1", "ButtonText": "Yes"}, "button"),
        ({"ListId": "row-1", "MessageType": "text"}, "text"),
        ({"NumMedia": "2", **FIRST, **SECOND}, "image"),
        ({"NumMedia": "1", **SECOND}, "audio"),
        ({"NumMedia": "1", "MediaUrl0": "u", "MediaContentType0": "text/VCARD"}, "contacts"),
        ({"NumMedia": "1", "MediaUrl0": "u", "MediaContentType0": "application/pdf"}, "document"),
        ({"NumMedia": "1", "MediaUrl0": "u"}, "document"),
    ],
)
def test_the_message_type_is_twilios_or_what_the_content_shows(
    fields: dict[str, str], kind: str
) -> None:
    assert parsed(**fields).message_type == kind


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/vcard; charset=utf-8", "contacts"),
        ("text/x-vcard", "contacts"),
        ("Text/X-vCard ;charset=utf-8", "contacts"),
        ("text/directory;profile=vCard", "contacts"),
        ("audio/ogg; codecs=opus", "audio"),
        ("application/ogg", "audio"),
        ("application/ogg; codecs=opus", "audio"),
        ("image/jpeg; name=a.jpg", "image"),
        ("text/plain; charset=utf-8", "document"),
        ("application/vnd.ms-excel", "document"),
        (";", "document"),
    ],
)
def test_a_medium_is_known_by_its_content_type_without_parameters(
    content_type: str, kind: str
) -> None:
    message = parsed(NumMedia="1", MediaUrl0="u", MediaContentType0=content_type)
    assert message.message_type == kind
    assert message.content["media_items"] == [{"url": "u", "content_type": content_type}]
    stated = parsed(MessageType="sticker", MediaUrl0="u", MediaContentType0=content_type)
    assert stated.message_type == "sticker"
