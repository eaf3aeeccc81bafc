"""The nine sample bodies give the records that the tables' other readers expect."""

from decimal import Decimal
from typing import Any

from consumer.aws.attribute_values import to_item
from consumer.conversation.chat import chat_item, message_from_dict
from queue_function import group_messages_by_sender, parse_message_body
from tests.support.builders import raw_record, sample
from tests.support.dynamodb_limits import faults_of

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
MEDIA_URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages"
NO_MEDIA = {"media_count": 0, "segments": 1}
CREATED_AT = Decimal("1795000000.12318880000000000000001")
STORED_AT = Decimal("1795000001.5")


def chat(name: str) -> dict[str, Any]:
    """The chat a sample becomes, by the public functions, less what is the same for all."""
    [(sender_id, [message])] = group_messages_by_sender([raw_record(sample(name))]).items()
    assert message == parse_message_body(sample(name)) | {"created_at": CREATED_AT}
    item = chat_item(message_from_dict(message, STORED_AT), "session-1", STORED_AT)
    assert faults_of(to_item(item)) == []
    assert item.pop("sender_id") == item["sender_info"]["id"] == sender_id
    assert item.pop("message_id") == item["metadata"].pop("message_id")
    assert item["metadata"].pop("account_id") == ACCOUNT
    assert item["metadata"].pop("status") == "received"
    fixed = {name: item.pop(name) for name in ("session_id", "chat_type", "created_at")}
    assert fixed == {"session_id": "session-1", "chat_type": "inbound", "created_at": CREATED_AT}
    assert item.pop("stored_at") == STORED_AT
    return item


def whatsapp_context(**context: str) -> dict[str, Any]:
    return {"type": "whatsapp", "data": {"context": context}}


def test_a_whatsapp_text_keeps_its_emoji_and_its_senders_name() -> None:
    assert chat("whatsapp_text") == {
        "channel": "whatsapp",
        "message_type": "text",
        "content": {"text": "Hello, is anyone there? 👋", **NO_MEDIA},
        "sender_info": {
            "id": "15555550101",
            "name": "Ada Example",
            "phone": "+15555550101",
            "address": "whatsapp:+15555550101",
        },
        "metadata": {
            "channel_data": whatsapp_context(ProfileName="Ada Example", WaId="15555550101"),
            "to": "whatsapp:+14155238886",
        },
    }


def test_an_image_keeps_its_caption_and_its_address() -> None:
    item = chat("whatsapp_image_with_caption")
    media = f"{MEDIA_URL}/MM{'1' * 32}/Media/ME{'2' * 32}"
    assert item["message_type"] == "image"
    assert item["content"] == {
        "text": "It broke here",
        "media_count": 1,
        "segments": 1,
        "media_items": [{"url": media, "content_type": "image/jpeg"}],
    }
    assert item["sender_info"]["name"] == "Zoë"


def test_a_tapped_button_says_what_it_was_and_what_it_answered() -> None:
    item = chat("whatsapp_button_reply")
    assert item["message_type"] == "interactive"
    assert item["content"] == {
        "text": "Confirm",
        **NO_MEDIA,
        "button": {"text": "Confirm", "payload": "{confirm:order@123}"},
        "reply_to": {"message_id": "MM" + "c" * 32, "sender": "whatsapp:+14155238886"},
        "forwarded": False,
        "frequently_forwarded": False,
    }
    assert item["sender_info"]["external_id"] == "whatsapp:ID.4566546130240823"


def test_a_contact_card_is_a_medium_without_text() -> None:
    item = chat("whatsapp_contact_card")
    media = f"{MEDIA_URL}/MM{'e' * 32}/Media/ME{'f' * 32}"
    assert item["message_type"] == "contacts"
    assert item["content"] == {
        "text": "",
        "media_count": 1,
        "segments": 1,
        "media_items": [{"url": media, "content_type": "text/vcard"}],
    }
    assert item["metadata"]["channel_data"] is None


def test_a_location_keeps_every_digit_of_its_coordinates() -> None:
    item = chat("whatsapp_location")
    assert item["message_type"] == "location"
    assert item["content"] == {
        "text": "",
        **NO_MEDIA,
        "location": {
            "latitude": Decimal("25.018766403198"),
            "longitude": Decimal("-77.395950317383"),
        },
    }


def test_someone_who_hides_the_number_is_known_by_the_business_scoped_id() -> None:
    item = chat("whatsapp_hidden_number")
    assert item["sender_info"] == {
        "id": "US.A1B2C3D4E5F6G7H8",
        "name": "Quiet",
        "phone": None,
        "address": "whatsapp:US.A1B2C3D4E5F6G7H8",
        "username": "quiet.person",
        "external_id": "whatsapp:US.A1B2C3D4E5F6G7H8",
    }
    assert (item["channel"], item["content"]["text"]) == ("whatsapp", "You cannot see my number")


def test_an_sms_is_known_by_its_number_and_keeps_its_place_of_origin() -> None:
    assert chat("sms") == {
        "channel": "sms",
        "message_type": "text",
        "content": {"text": "plan 5 potato", **NO_MEDIA},
        "sender_info": {
            "id": "15555550106",
            "name": None,
            "phone": "+15555550106",
            "address": "+15555550106",
            "city": "CHICOPEE",
            "state": "MA",
            "zip": "01022",
            "country": "US",
        },
        "metadata": {"channel_data": None, "to": "+15555550100"},
    }


def test_an_mms_keeps_both_its_media_in_order() -> None:
    item = chat("mms_two_media")
    media = f"{MEDIA_URL}/MM{'5' * 32}/Media/ME"
    assert (item["channel"], item["message_type"]) == ("sms", "image")
    assert item["content"] == {
        "text": "Msg",
        "media_count": 2,
        "segments": 1,
        "media_items": [
            {"url": media + "6" * 32, "content_type": "image/png"},
            {"url": media + "7" * 32, "content_type": "video/mp4"},
        ],
    }


def test_a_status_callback_is_recognized_and_becomes_no_chat() -> None:
    body = sample("status_callback")
    assert parse_message_body(body)["message_type"] == "status_callback"
    assert group_messages_by_sender([raw_record(body)]) == {}
