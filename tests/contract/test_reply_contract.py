"""The schemas of docs/schemas are what the consumer writes, and they say no to what it is not."""

import copy
import json
import re
from decimal import Decimal
from typing import Any

import pytest
import yaml
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from jsonschema import Draft202012Validator

from consumer.aws.attribute_values import to_item
from consumer.conversation.chat import chat_item
from consumer.conversation.session import Session, next_session
from consumer.conversation.session_table import session_put
from consumer.notification.reply_service import outcome_of
from consumer.notification.step import Outcome
from consumer.webhook.message import InboundMessage
from consumer.webhook.parse import parse_inbound
from tests.support.any_body import encoded_forms, json_bodies, mutilated_samples
from tests.support.builders import SAMPLES, SENDER, notification
from tests.support.http_server import reply, serving
from tests.support.reply_posts import posted, service
from tests.support.schemas import DOCS, FOLDER, faults_in, faults_of_request
from tests.template.stack import template

PAGE = DOCS / "reply-service.md"
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
    put = session_put("sessions", next_session("491", earlier, float(NOW), b"key"))
    assert faults_in("session", plain(put["Put"]["Item"])) == []


@pytest.mark.parametrize(
    "odd", [{"status": "open"}, {"created_at": Decimal("1.5")}, {"sender_id": ""}]
)
def test_a_session_of_another_shape_is_not_as_the_schema_says(odd: dict[str, Any]) -> None:
    put = session_put("sessions", next_session("491", None, float(NOW), b"key"))
    assert faults_in("session", plain(put["Put"]["Item"]) | odd)


def test_every_schema_is_itself_valid_and_read_by_a_test() -> None:
    names = {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*")}
    assert names == {"inbound-chat", "outbound-chat", "session"}
    for name in names:
        schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)


OUTCOMES = {
    "the reply has been sent": Outcome.ACCEPTED,
    "wrong secret": Outcome.UNAUTHORIZED,
    "nobody was answered": Outcome.CANNOT_DELIVER_NOW,
    "nobody knows": Outcome.UNKNOWN,
    "rejected for good": Outcome.REJECTED,
}


def stated_outcomes() -> dict[int, Outcome]:
    """What the page's table says of each status; a row may say "every other"."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    stated = {}
    for statuses, meaning in rows:
        if meaning in OUTCOMES:
            numbers = [range(200, 300)] if "2xx" in statuses else []
            numbers += [range(500, 600)] if "every other 5xx" in statuses else []
            numbers += [range(300, 500)] if "every other status" in statuses else []
            general = [each for part in numbers for each in part]
            own = [int(each) for each in re.findall(r"\b\d{3}\b", statuses)]
            stated |= {each: OUTCOMES[meaning] for each in general if each not in stated}
            stated |= dict.fromkeys(own, OUTCOMES[meaning])
    return stated


def test_every_status_means_what_the_page_says() -> None:
    stated = stated_outcomes()
    assert set(stated) == set(range(200, 600))
    assert {status: outcome_of(status) for status in stated} == stated


def test_the_openapi_file_lists_statuses_of_each_kind() -> None:
    api = yaml.safe_load((PAGE.parent / "reply-service.openapi.yaml").read_text())
    listed = map(int, api["paths"]["/reply/"]["post"]["responses"])
    assert {outcome_of(status) for status in listed} == set(OUTCOMES.values())
    assert api["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"text": "", "text_id": ""},
        {"text": "Zoë 👋\n"},
        {"message_id": "not for a header: ü"},
        {"is_replay": True},
    ],
)
def test_what_is_posted_is_as_the_openapi_file_says(
    about: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", "given")
    with serving(reply()) as stub:
        assert posted(service(stub.url), notification(**about)) == {SENDER: Outcome.ACCEPTED}
    [request] = stub.requests
    assert request.path == "/reply/"
    assert faults_of_request(request.headers, request.body) == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"idempotency-key": ""}, {}),
        ({"x-intelligence-api-secret": ""}, {}),
        ({"content-type": "text/plain"}, {}),
        ({}, {"sender_id": ""}),
        ({}, {"message": None}),
        ({}, {"more": "x"}),
    ],
)
def test_another_request_is_not_as_the_openapi_file_says(
    headers: dict[str, str], body: dict[str, Any]
) -> None:
    good = {"idempotency-key": "SM1", "x-intelligence-api-secret": "s"}
    good["content-type"] = "application/json"
    said = {"sender_id": SENDER, "message": "hi"}
    assert faults_of_request(good, json.dumps(said).encode()) == []
    assert len(faults_of_request(good | headers, json.dumps(said | body).encode())) == 1


def test_the_page_names_the_template_s_defaults() -> None:
    text, parameters = PAGE.read_text(), template()["Parameters"]
    timeout = re.search(r"`ReplyTimeoutSeconds` \((\d+) unless set, at most (\d+)\)", text)
    named = dict(re.findall(r"`(Reply(?:OutcomeSeconds|MaxAttempts))` \((\d+)\)", text))
    assert timeout
    assert int(timeout[2]) == parameters["ReplyTimeoutSeconds"]["MaxValue"]
    named["ReplyTimeoutSeconds"] = timeout[1]
    assert {name: str(parameters[name]["Default"]) for name in named} == named
    assert len(named) == 3
