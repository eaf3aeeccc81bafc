"""How long a chat is kept: for ever, unless a retention is set."""

from decimal import Decimal

import pytest

import config
from consumer.aws.dynamodb import DynamoDb
from consumer.conversation.chat import chat_item
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.ports import SenderWrite
from consumer.errors import SettingInvalid
from tests.support.builders import message, session
from tests.support.scripted_aws import ScriptedAws

STORED_AT = Decimal("1795000000.5")
DAY_SECONDS = 86_400
ENVIRONMENT = {
    "DYNAMODB_CHAT_TABLE": "chats",
    "DYNAMODB_SESSION_TABLE": "sessions",
    "SQS_DLQ_URL": "https://sqs/dlq",
}


def test_without_a_retention_a_chat_never_expires() -> None:
    assert "expires_at" not in chat_item(message(1), "session-1", STORED_AT)


def test_with_one_it_expires_that_long_after_it_was_stored() -> None:
    item = chat_item(message(1), "session-1", STORED_AT, 30 * DAY_SECONDS)
    assert item["expires_at"] == 1795000000 + 30 * DAY_SECONDS


def test_nothing_else_of_the_chat_depends_on_it() -> None:
    item = chat_item(message(1), "session-1", STORED_AT, DAY_SECONDS)
    del item["expires_at"]
    assert item == chat_item(message(1), "session-1", STORED_AT)


def test_the_store_writes_it_as_a_number_that_dynamodb_expires_by() -> None:
    aws = ScriptedAws({})
    store = DynamoConversationStore(DynamoDb(aws), "chats", "sessions", DAY_SECONDS)
    store.write([SenderWrite(session("session-a"), False, [message(1)])], STORED_AT)
    [[action]] = aws.writes()
    item = action["Put"]["Item"]
    assert item["expires_at"] == {"N": str(1795000000 + DAY_SECONDS)}


def test_the_setting_is_whole_days_and_off_by_default() -> None:
    assert config.queue_settings(dict(ENVIRONMENT)).chat_retention_days == 0
    set_ = ENVIRONMENT | {"CHAT_RETENTION_DAYS": "400"}
    assert config.queue_settings(set_).chat_retention_days == 400
    with pytest.raises(SettingInvalid, match="CHAT_RETENTION_DAYS"):
        config.queue_settings(ENVIRONMENT | {"CHAT_RETENTION_DAYS": "-1"})
