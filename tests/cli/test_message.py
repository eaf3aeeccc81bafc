"""Bodies that the tool writes are bodies that Twilio could have posted."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from unc.local.samples import load_samples
from unc.messages.message import read_message, write_message


def fields_of(address: str, text: str = "hi") -> dict[str, list[str]]:
    return parse_qs(write_message(address, text).body, keep_blank_values=True)


@pytest.mark.parametrize("text", ["hi", "a&b=c", "Grüße 👋", "two\nlines", "100 % +1", ""])
def test_a_written_text_parses_back(text: str) -> None:
    assert fields_of("whatsapp:+4915555550199", text)["Body"] == [text]


def test_a_whatsapp_phone_carries_its_id() -> None:
    fields = fields_of("whatsapp:+4915555550199")
    assert fields["WaId"] == ["4915555550199"]
    assert fields["From"] == ["whatsapp:+4915555550199"]


def test_a_hidden_number_carries_none() -> None:
    fields = fields_of("whatsapp:US.A1B2C3")
    assert "WaId" not in fields
    assert fields["ExternalUserId"] == ["whatsapp:US.A1B2C3"]


def test_an_sms_has_places_and_no_profile() -> None:
    fields = fields_of("+15555550106")
    assert "ProfileName" not in fields
    assert fields["FromCity"] == [""]


def test_every_message_has_an_id_of_its_own_in_all_three_fields() -> None:
    first, second = fields_of("+15555550106"), fields_of("+15555550106")
    assert first["MessageSid"] == first["SmsMessageSid"] == first["SmsSid"]
    assert first["MessageSid"] != second["MessageSid"]
    assert len(first["MessageSid"][0]) == 34


@pytest.mark.parametrize(
    ("address", "sender_id"),
    [
        ("whatsapp:+4915555550199", "4915555550199"),
        ("whatsapp:US.A1B2C3", "US.A1B2C3"),
        ("messenger:123", "123"),
        ("+15555550106", "15555550106"),
        ("12345", "12345"),
    ],
)
def test_a_message_is_looked_for_under_its_sender(address: str, sender_id: str) -> None:
    assert write_message(address, "hi").sender_id == sender_id


@pytest.mark.parametrize(
    ("body", "is_callback"),
    [
        ("MessageStatus=read&SmsStatus=read", True),
        ("SmsStatus=delivered", True),
        ("SmsStatus=received", False),
        ("SmsStatus=receiving", False),
        ("Body=hi", False),
    ],
)
def test_status_callbacks_are_not_messages(body: str, is_callback: bool) -> None:
    assert read_message(body).is_callback is is_callback


@pytest.mark.parametrize(
    ("body", "sender_id", "message_id"),
    [
        ("WaId=49&MessageSid=SM1&SmsSid=SM2", "49", "SM1"),
        ("WaId=49&Body=hi", "49", ""),
        ("MessageSid=SM1&Body=nobody", "", "SM1"),
        ("a=b", "", ""),
        ("", "", ""),
    ],
)
def test_what_a_body_does_not_say_is_blank(body: str, sender_id: str, message_id: str) -> None:
    message = read_message(body)
    assert (message.sender_id, message.message_id) == (sender_id, message_id)


def test_the_samples_are_eight_messages_and_a_receipt_at_the_end() -> None:
    samples = load_samples()
    assert [sample.is_callback for sample in samples] == [False] * 8 + [True]
    assert samples[0].label == "whatsapp_text"
    assert all(len(sample.message_id) == 34 for sample in samples)


def test_a_sample_is_sent_as_it_stands() -> None:
    sample = load_samples()[0]
    assert sample.sender_id == "15555550101"
    assert sample.body.startswith("SmsMessageSid=SMaaaa")
    assert not sample.body.endswith("\n")
