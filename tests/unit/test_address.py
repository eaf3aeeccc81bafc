"""Who sent a message, and over which channel."""

import pytest

from consumer.webhook.message import InboundMessage, Malformed
from consumer.webhook.parse import parse_inbound
from tests.support.builders import body, parsed, warnings

NOBODY = {"From": None, "WaId": None}


@pytest.mark.parametrize(
    ("address", "channel", "sender_id", "phone"),
    [
        ("whatsapp:+4915555550199", "whatsapp", "4915555550199", "+4915555550199"),
        ("whatsapp:US.A1B2C3", "whatsapp", "US.A1B2C3", None),
        ("whatsapp:US." + "A" * 128, "whatsapp", "US." + "A" * 128, None),
        ("messenger:1234567890123456", "messenger", "1234567890123456", None),
        ("rcs:+15555550101", "rcs", "15555550101", "+15555550101"),
        ("rcs:brand_xyz_agent", "rcs", "brand_xyz_agent", None),
        ("WhatsApp:+4915555550199", "whatsapp", "4915555550199", "+4915555550199"),
        ("+15555550101", "sms", "15555550101", "+15555550101"),
        ("72345", "sms", "72345", "72345"),
        ("272345", "sms", "272345", "272345"),
        ("UNCproject", "sms", "UNCproject", None),
    ],
)
def test_without_wa_id_the_address_names_channel_and_sender(
    address: str, channel: str, sender_id: str, phone: str | None
) -> None:
    message = parsed(From=address, WaId=None, To="+15555550100")
    assert (message.channel, message.sender_id) == (channel, sender_id)
    assert (message.sender["phone"], message.sender["address"]) == (phone, address)


def test_an_address_whose_plus_was_never_encoded_is_the_same_sender() -> None:
    """A bare plus means a blank in a form; some producers forget that."""
    text = body(From=None, WaId=None) + "&From=whatsapp:+4915555550199"
    assert parse_inbound(text).sender_id == "4915555550199"  # type: ignore[union-attr]


def test_wa_id_wins_over_every_other_name() -> None:
    message = parsed(From="whatsapp:US.A1", WaId="15555550101", ExternalUserId="whatsapp:US.A1")
    assert message.sender_id == "15555550101"
    assert message.sender["phone"] == "+15555550101"


@pytest.mark.parametrize("blank", ["", " ", "+"])
def test_a_blank_wa_id_is_none(blank: str) -> None:
    assert parsed(WaId=blank, From="whatsapp:US.A1").sender_id == "US.A1"


def test_wa_id_alone_is_a_whatsapp_sender() -> None:
    message = parsed(From=None, WaId="+15555550101")
    assert (message.channel, message.sender_id) == ("whatsapp", "15555550101")


@pytest.mark.parametrize("field", ["ExternalUserId", "ParentExternalUserId"])
def test_an_external_user_id_alone_is_sender_enough(field: str) -> None:
    message = parsed(**NOBODY, **{field: "whatsapp:ID.456"})
    assert (message.channel, message.sender_id) == ("whatsapp", "ID.456")
    assert message.sender["phone"] is None


def test_of_two_external_user_ids_the_person_s_own_is_the_id_and_both_are_kept() -> None:
    ids = {"ExternalUserId": "whatsapp:ID.456", "ParentExternalUserId": "whatsapp:ID.PARENT.1"}
    sender = parsed(**NOBODY, **ids).sender
    assert sender == {
        "id": "ID.456",
        "name": None,
        "phone": None,
        "external_id": "whatsapp:ID.456",
        "parent_external_id": "whatsapp:ID.PARENT.1",
    }


def test_the_phone_is_the_one_that_the_message_came_from() -> None:
    """WaId may hold an older form of the number."""
    message = parsed(From="whatsapp:+5215555550199", WaId="525555550199")
    assert (message.sender_id, message.sender["phone"]) == ("525555550199", "+5215555550199")


@pytest.mark.parametrize("address", [None, "", "+", "whatsapp:", "whatsapp:+", " whatsapp: + "])
def test_a_body_without_any_sender_is_malformed_and_says_so(address: str | None) -> None:
    result = parse_inbound(body(From=address, WaId=None))
    assert isinstance(result, Malformed)
    assert result.reason == "no sender: WaId, From and the external user ids are blank"


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({"From": "+4915555550199", "To": "+15555550100"}, "whatsapp"),
        ({"From": "+4915555550199", "WaId": None}, "whatsapp"),
        ({"From": "+4915555550199", "WaId": None, "To": "WhatsApp:+14155238886"}, "whatsapp"),
        ({"From": "+4915555550199", "WaId": None, "To": "rcs:brand"}, "rcs"),
        (
            {"From": "US.A1", "WaId": None, "To": None, "ExternalUserId": "whatsapp:US.A1"},
            "whatsapp",
        ),
        ({"From": "+4915555550199", "WaId": None, "To": "+15555550100"}, "sms"),
        ({"From": "+4915555550199", "WaId": None, "To": None}, "sms"),
        ({"From": "messenger:4915555550199"}, "messenger"),
        ({"From": "sms:+4915555550199"}, "sms"),
        ({"From": "rcs:+4915555550199", "WaId": None}, "rcs"),
        ({"From": None, "WaId": None, "ExternalUserId": "ID.456"}, "whatsapp"),
    ],
)
def test_the_senders_own_prefix_names_the_channel_and_else_the_other_addresses(
    fields: dict[str, str | None], channel: str
) -> None:
    assert parsed(**fields).channel == channel


def test_a_whatsapp_sender_without_prefix_is_the_sender_it_would_be_with_one() -> None:
    bare, prefixed = (
        parsed(From=address, WaId=None) for address in ("4915555550199", "whatsapp:+4915555550199")
    )
    assert bare.sender == prefixed.sender | {"address": "4915555550199"}
    assert (bare.channel, bare.content) == (prefixed.channel, prefixed.content)


def raw(fields: str) -> str:
    """A body whose addresses are as given, not encoded."""
    return f"{body(From=None, WaId=None, To=None)}&{fields}"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("whatsapp:+4915555550199", "whatsapp:+4915555550199"),
        ("+whatsapp:+4915555550199+", "whatsapp:+4915555550199"),
        ("+4915555550199", "+4915555550199"),
        ("%2B4915555550199", "+4915555550199"),
        ("+%2B4915555550199", "+4915555550199"),
        ("rcs:+4915555550199", "rcs:+4915555550199"),
        ("4915555550199", "4915555550199"),
        ("+72345", "72345"),
        ("+UNCproject", "UNCproject"),
        ("messenger:+1234567890", "messenger: 1234567890"),
    ],
)
def test_a_plus_that_was_never_encoded_is_put_back(given: str, stored: str) -> None:
    message = parse_inbound(raw(f"From={given}&To={given}&OtherRecipients0={given}"))
    assert isinstance(message, InboundMessage)
    assert (message.sender["address"], message.metadata["to"]) == (stored, stored)
    assert message.metadata["other_recipients"] == [stored]
    assert warnings(message) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("From", "whatsapp%3A%2B4915555550199"),
        ("From", "whatsapp:%2B4915555550199"),
        ("From", "%2B4915555550199"),
        ("WaId", "%2B4915555550199"),
        ("ExternalUserId", "whatsapp%3a4915555550199"),
        ("ParentExternalUserId", "whatsapp%3A4915555550199"),
    ],
)
def test_an_address_that_was_encoded_twice_is_decoded_twice(field: str, value: str) -> None:
    message = parsed(**NOBODY | {field: value})
    assert (message.sender_id, message.channel) == ("4915555550199", "whatsapp")
    assert warnings(message) == [f"{field} was encoded twice"]
    assert message.raw[field] == value


def test_all_addresses_are_decoded_twice_where_they_were_encoded_twice() -> None:
    twice = "whatsapp%3A%2B4915555550199"
    message = parsed(From=twice, To=twice, OtherRecipients0=twice, OtherRecipients1=twice)
    once = "whatsapp:+4915555550199"
    assert (message.sender["address"], message.metadata["to"]) == (once, once)
    assert message.metadata["other_recipients"] == [once, once]
    fields = ("From", "To", "OtherRecipients")
    assert warnings(message) == [f"{field} was encoded twice" for field in fields]


def test_an_address_is_decoded_once_more_and_no_further() -> None:
    assert parsed(From="whatsapp:%252B49", WaId=None).sender["address"] == "whatsapp:%2B49"


def test_what_a_second_decoding_gives_can_be_stored() -> None:
    assert parsed(From="whatsapp:%00%FF1", WaId=None).sender_id == "\ufffd\ufffd1"


@pytest.mark.parametrize("text", ["100%25", "%2B1", "whatsapp%3A", " 4915555550199", "a+b"])
def test_texts_and_names_are_never_decoded_twice(text: str) -> None:
    message = parsed(Body=text, ProfileName=text, ButtonText=text, ButtonPayload=text)
    assert message.content["text"] == text
    assert message.content["button"] == {"text": text.strip(), "payload": text.strip()}
    assert message.sender["name"] == text.strip()
    assert warnings(message) == []


@pytest.mark.parametrize("field", ["ProfileUsername", "Username"])
def test_the_user_name_is_taken_from_either_field(field: str) -> None:
    assert parsed(**{field: "quiet.person"}).sender["username"] == "quiet.person"


def test_of_two_user_names_the_profile_s_counts() -> None:
    sender = parsed(ProfileUsername="quiet.person", Username="other").sender
    assert sender["username"] == "quiet.person"


def test_fixed_keys_are_null_and_further_ones_absent_when_unknown() -> None:
    sender = parsed(From="UNCproject", WaId=None, ProfileName="", FromCity="").sender
    assert sender == {"id": "UNCproject", "name": None, "phone": None, "address": "UNCproject"}
