"""Other webhooks of the same account, and fields that nobody sent, never become a chat."""

from urllib.parse import urlencode

import pytest

from consumer.webhook.message import InboundMessage, Malformed
from consumer.webhook.parse import parse_inbound
from tests.support.builders import SID, body

CALL = {
    "CallSid": "CA0123456789abcdef0123456789abcdef",
    "AccountSid": "AC0123456789abcdef0123456789abcdef",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "From": "+4915555550199",
    "To": "+15555550100",
    "FromCity": "",
    "CallerCountry": "DE",
}
FAX = {
    "FaxSid": "FX0123",
    "FaxStatus": "received",
    "From": "+4915555550199",
    "To": "+1",
    "Pages": "2",
}
EVENT = {
    "EventType": "onMessageAdded",
    "ConversationSid": "CH0123456789abcdef0123456789abcdef",
    "MessageSid": "IM0123456789abcdef0123456789abcdef",
    "Author": "whatsapp:+4915555550199",
    "Body": "hi",
    "Source": "WHATSAPP",
}
VOICE = "no message: a voice call's webhook"
CONVERSATION = "no message: a Conversations event"
EMPTY = "no message: neither a message id nor a text, media or anything else said"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (CALL, VOICE),
        (CALL | {"CallStatus": "completed", "Direction": "outbound-api", "Body": " "}, VOICE),
        ({"CallSid": "CA1", "RecordingUrl": "https://api.twilio.com/1", "From": "+1"}, VOICE),
        ({"CallSid": "CA1"}, VOICE),
        (CALL | {"SmsStatus": "received"}, VOICE),
        (FAX, "no message: a fax's webhook"),
        (EVENT, CONVERSATION),
        (EVENT | {"From": "+4915555550199"}, CONVERSATION),
        ({"EventType": "onConversationAdded", "ChatServiceSid": "IS1"}, CONVERSATION),
        ({"EventType": "onDeliveryUpdated", "ConversationSid": "CH1"}, CONVERSATION),
        ({"From": "+4915555550199", "TaskSid": "WT1", "EventType": "task.created"}, EMPTY),
        ({"From": "+4915555550199", "To": "+15555550100"}, EMPTY),
        ({"From": "+4915555550199", "Body": "\n", "NumMedia": "0"}, EMPTY),
    ],
)
def test_a_webhook_that_is_no_message_says_what_it_is(fields: dict[str, str], reason: str) -> None:
    result = parse_inbound(urlencode(fields))
    assert isinstance(result, Malformed)
    assert result.reason == reason


@pytest.mark.parametrize(
    "said",
    [
        {"MessageSid": SID},
        {"SmsSid": SID},
        {"Body": "hi"},
        {"MediaUrl0": "https://api.twilio.com/0"},
        {"Latitude": "1"},
        {"ButtonText": "Yes"},
        {"ListId": "row-1"},
        {"FlowData": '{"a": 1}'},
        {"InteractiveData": '{"a": 1}'},
    ],
)
@pytest.mark.parametrize("beside", [{}, {"CallSid": "CA1"}, {"FaxSid": "FX1"}])
def test_whoever_says_something_sent_a_message(
    said: dict[str, str], beside: dict[str, str]
) -> None:
    text = urlencode({"From": "+4915555550199", "To": "+15555550100"} | beside | said)
    assert isinstance(parse_inbound(text), InboundMessage)


@pytest.mark.parametrize(
    "fields", [{"SmsStatus": "received"}, {"MessageStatus": "received"}, {"MessageType": "sticker"}]
)
def test_a_status_or_type_that_only_messages_have_makes_one(fields: dict[str, str]) -> None:
    assert isinstance(parse_inbound(urlencode({"From": "+4915555550199"} | fields)), InboundMessage)


def test_a_message_that_belongs_to_a_conversation_is_a_message() -> None:
    assert isinstance(parse_inbound(body(ConversationSid="CH1")), InboundMessage)
