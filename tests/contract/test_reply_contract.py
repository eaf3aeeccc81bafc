"""The schemas of docs/schemas are what the consumer writes, and they say no to what it is not."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from jsonschema import Draft202012Validator

from consumer.aws.attribute_values import to_item
from consumer.conversation.chat import chat_item
from consumer.conversation.session import Session, next_session
from consumer.conversation.session_table import session_put
from consumer.webhook.message import InboundMessage
from consumer.webhook.parse import parse_inbound
from tests.support.builders import SAMPLES
from tests.support.schemas import FOLDER, faults_in
from tests.unit.test_any_body import encoded_forms, json_bodies, mutilated_samples

NOW = Decimal("1795000001.5")
TO_PYTHON = TypeDeserializer()


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """What a reader of the table gets."""
    return {name: TO_PYTHON.deserialize(value) for name, value in item.items()}


def stored(body: str, retention_seconds: int = 0) -> dict[str, Any] | None:
    """The row that a body becomes, None where it is no message or has no Sid."""
    message = parse_inbound(body)
    if not isinstance(message, InboundMessage) or not message.message_id:
        return None
    return plain(to_item(chat_item(message, "session-1", NOW, retention_seconds)))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_every_sample_is_stored_as_the_schema_says(path: Any) -> None:
    row = stored(path.read_text(), retention_seconds=60)
    assert row is None or faults_in("inbound-chat", row) == []
    assert (row is None) == (path.stem == "status_callback")


@given(encoded_forms | json_bodies | mutilated_samples())
def test_whatever_is_stored_is_as_the_schema_says(body: str) -> None:
    row = stored(body)
    assert row is None or faults_in("inbound-chat", row) == []


@pytest.mark.parametrize("part", ["", "content", "sender_info", "metadata"])
def test_a_row_that_lacks_a_fixed_key_is_not_as_the_schema_says(part: str) -> None:
    row = stored((SAMPLES / "whatsapp_text.txt").read_text())
    assert row
    fixed = set(row[part] if part else row) & FIXED[part]
    assert fixed == FIXED[part]
    for key in fixed:
        less = copy.deepcopy(row)
        del (less[part] if part else less)[key]
        assert faults_in("inbound-chat", less), key


FIXED = {
    "": {"sender_id", "message_id", "session_id", "chat_type", "created_at", "content"}
    | {"sender_info", "metadata"},
    "content": {"text", "media_count", "segments"},
    "sender_info": {"id", "name", "phone"},
    "metadata": {"message_id", "account_id", "status", "channel_data"},
}


@pytest.mark.parametrize("before", [None, "active", "completed"])
def test_a_session_is_stored_as_the_schema_says(before: str | None) -> None:
    earlier = Session("an-older-one", "491", before, Decimal(1_795_000_000)) if before else None
    put = session_put("sessions", next_session("491", earlier, float(NOW)))
    assert faults_in("session", plain(put["Put"]["Item"])) == []


@pytest.mark.parametrize(
    "odd", [{"status": "open"}, {"created_at": Decimal("1.5")}, {"sender_id": ""}]
)
def test_a_session_of_another_shape_is_not_as_the_schema_says(odd: dict[str, Any]) -> None:
    put = session_put("sessions", next_session("491", None, float(NOW)))
    assert faults_in("session", plain(put["Put"]["Item"]) | odd)


def test_every_schema_is_itself_valid_and_read_by_a_test() -> None:
    names = {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*")}
    assert names == {"inbound-chat", "outbound-chat", "session"}
    for name in names:
        schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
