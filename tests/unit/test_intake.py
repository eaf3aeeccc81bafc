"""A webhook is answered with 200 only when the queue has it, and is then there once."""

import json
from typing import Any

import pytest

from consumer.conversation.queue_record import read_record
from consumer.intake.request import MAX_BODY_BYTES
from handlers.queue_message_handler import handle_batch
from queue_function import parse_message_body
from tests.support.builders import SENDER, SID, body, raw_record, sample
from tests.support.doubles import Context, QueueWorld
from tests.support.intake import (
    FORM,
    TOKEN,
    URL,
    IntakeWorld,
    json_event,
    signed_event,
    url_event,
)
from tests.support.memory.fault_schedule import Fault
from tests.support.memory.wire import Died

OTHER_TOKEN = "fedcba9876543210fedcba9876543210"
PUBLIC = "https://bot.example.com/webhook"


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


# What is queued


def test_a_signed_webhook_is_queued_as_it_came_and_answered_with_an_empty_twiml(
    world: IntakeWorld,
) -> None:
    answer = world.take(signed_event(), Context())
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"content-type": "text/xml"}
    assert answer["body"].endswith("<Response/>")
    [message] = world.queued
    assert (message.body, message.group) == (body(), SENDER)


def test_a_body_in_base64_is_the_same_body(world: IntakeWorld) -> None:
    event = signed_event()
    assert world.status(url_event(event["body"].encode(), event["headers"])) == 200
    assert [each.body for each in world.queued] == [body()]


@pytest.mark.parametrize("name", ["sms", "mms_two_media", "whatsapp_location", "whatsapp_text"])
def test_what_is_queued_is_what_the_queue_function_reads(world: IntakeWorld, name: str) -> None:
    assert world.status(signed_event(sample(name))) == 200
    [message] = world.queued
    assert message.body == sample(name)
    assert message.group == parse_message_body(sample(name))["sender"]["id"]


def test_the_same_message_arrives_once_and_is_answered_each_time(world: IntakeWorld) -> None:
    assert [world.status(signed_event()) for _ in range(3)] == [200, 200, 200]
    assert len(world.queued) == 1


def test_a_call_of_the_fallback_is_the_same_message(world: IntakeWorld) -> None:
    """Twilio adds why it calls: https://www.twilio.com/docs/availability-reliability."""
    why = "&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fabc123.lambda-url.us-east-1.on.aws%2F"
    assert [world.status(signed_event(each)) for each in (body(), body() + why)] == [200, 200]
    assert [each.body for each in world.queued] == [body()]


def test_callbacks_share_a_sid_with_their_message_and_differ_by_status(world: IntakeWorld) -> None:
    texts = [body(), *(body(SmsStatus=each) for each in ("sent", "delivered", "delivered"))]
    assert [world.status(signed_event(each)) for each in texts] == [200] * 4
    assert [each.body for each in world.queued] == texts[:3]


def test_a_body_with_no_sender_is_queued_in_a_group_of_its_own(world: IntakeWorld) -> None:
    texts = [body(From="", WaId=""), "EventType=onMessageAdded&ConversationSid=CH1&Author=a"]
    assert [world.status(signed_event(each)) for each in [*texts, *texts]] == [200] * 4
    assert [each.body for each in world.queued] == texts
    groups = {each.group for each in world.queued}
    assert len(groups) == 2 and all(len(each) == 64 for each in groups)


def test_a_message_without_a_sid_keeps_its_sender_s_group(world: IntakeWorld) -> None:
    texts = [body(MessageSid=None, Body="a"), body(MessageSid=None, Body="b")]
    assert [world.status(signed_event(each)) for each in [*texts, texts[0]]] == [200] * 3
    assert [(each.body, each.group) for each in world.queued] == [(t, SENDER) for t in texts]


@pytest.mark.parametrize("sender", ["US." + "A" * 126, "a b", "ü", "x\x00y"])
def test_a_sender_that_sqs_takes_for_no_group_is_hashed(world: IntakeWorld, sender: str) -> None:
    assert world.status(signed_event(body(WaId=sender, MessageSid="S" * 129))) == 200
    [message] = world.queued
    assert len(message.group) == 64 and message.group.isalnum()


def test_signed_json_is_queued_like_the_rest(world: IntakeWorld) -> None:
    content = {"MessageSid": SID, "From": "whatsapp:+1", "Body": "hi"}
    assert [world.status(json_event(each)) for each in (content, ["x"], "{")] == [200] * 3
    assert [each.body for each in world.queued] == [json.dumps(content), '["x"]', "{"]


def test_characters_that_sqs_refuses_are_queued_in_their_encoded_form(world: IntakeWorld) -> None:
    assert world.status(signed_event("Body=a\x00b\ufffe%00&From=1&MessageSid=SM1")) == 200
    assert world.status(json_event('{"From": "2", "MessageSid": "SM2", "Body": "a\uffffb"}')) == 200
    assert [each.body for each in world.queued] == [
        "Body=a%00b%EF%BF%BE%00&From=1&MessageSid=SM1",
        '{"From": "2", "MessageSid": "SM2", "Body": "a\\uffffb"}',
    ]


# What is refused


@pytest.mark.parametrize(
    ("event", "status", "reason"),
    [
        (signed_event() | {"requestContext": {"http": {"method": "GET"}}}, 405, "method"),
        ({}, 405, "method"),
        (url_event("x", {"content-type": "text/plain"}), 415, "content_type"),
        (url_event("x", {"content-type": ""}), 415, "content_type"),
        (url_event(b"Body=\xff"), 400, "not_utf8"),
        (url_event("Body=\ud800"), 400, "not_utf8"),
        (url_event("") | {"body": "%%%", "isBase64Encoded": True}, 400, "not_base64"),
        (url_event(""), 400, "empty"),
        (url_event("") | {"body": None}, 400, "empty"),
        (url_event("x" * (MAX_BODY_BYTES + 1)), 413, "too_large"),
        (signed_event("a=" + "\x00" * (MAX_BODY_BYTES // 2)), 413, "too_large"),
        (url_event(body()), 403, "no_signature"),
        (signed_event(token=OTHER_TOKEN), 403, "wrong_signature"),
        (signed_event(signed_url="http://" + URL.removeprefix("https://")), 403, "wrong_url"),
        (signed_event(signed_url=URL.replace(".aws/", ".aws:8443/")), 403, "wrong_url"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(
    world: IntakeWorld, event: dict[str, Any], status: int, reason: str
) -> None:
    answer = world.take(event)
    assert (answer["statusCode"], world.reasons()) == (status, [reason])
    assert answer["headers"]["content-type"].startswith("text/plain") and answer["body"]
    assert world.queued == []


def test_the_largest_body_is_taken(world: IntakeWorld) -> None:
    text = "Body=" + "x" * (MAX_BODY_BYTES - 5)
    assert world.status(signed_event(text)) == 200


@pytest.mark.parametrize("content_type", [FORM.upper(), f"{FORM}; charset=utf-8", f"{FORM};x"])
def test_a_content_type_may_have_parameters(world: IntakeWorld, content_type: str) -> None:
    assert world.status(signed_event(**{"content-type": content_type})) == 200


def test_no_line_shows_a_secret_a_text_or_a_number(world: IntakeWorld) -> None:
    texts = [body(Body="my words"), body(Body="my words", MessageSid="SM2", SmsStatus="sent")]
    events = [signed_event(each) for each in texts] + [json_event({"Body": "my words"})]
    events += [signed_event(texts[0], token=OTHER_TOKEN), url_event(texts[0])]
    for each in events:
        world.take(each)
    world.fail()
    world.take(signed_event(body(Body="my words", MessageSid="SM3")))
    lines = "".join(world.log.lines)
    signatures = [each["headers"].get("x-twilio-signature", TOKEN) for each in events]
    for private in ("words", SENDER, TOKEN, OTHER_TOKEN, *signatures):
        assert private not in lines
    assert len(world.lines("webhook handled")) == 6


def test_every_request_is_counted_once_by_what_became_of_it(world: IntakeWorld) -> None:
    world.take(signed_event())
    world.take(url_event(body()))
    world.take({})
    world.fail()
    world.take(signed_event())
    counted = {"WebhooksQueued", "SignaturesRejected", "WebhooksUnreadable", "QueueFailures"}
    lines = world.lines("webhook handled")
    assert [line.keys() & counted for line in lines] == [
        {"WebhooksQueued"},
        {"SignaturesRejected"},
        {"WebhooksUnreadable"},
        {"QueueFailures"},
    ]
    assert [line.get("WebhookFailures") for line in lines] == [None, None, None, 1]
    assert all(len(line["WebhookToAnswer"]) == 1 for line in lines)
    assert lines[0]["message_id"] == SID


# The URL


@pytest.mark.parametrize(
    ("called", "configured", "signed"),
    [
        (URL, "", URL),
        (URL, "", URL.removesuffix("/")),
        (URL + "?a=%20b&a", "", URL + "?a=%20b&a"),
        (URL + "hook/x?a=1", "", URL + "hook/x?a=1"),
        (URL, "", URL.replace(".aws/", ".aws:443/")),
        (URL, PUBLIC, PUBLIC),
        (URL + "?a=1", PUBLIC, PUBLIC + "?a=1"),
        (URL, PUBLIC + "?a=1", PUBLIC + "?a=1"),
        (URL + "?a=1", PUBLIC + "?b=2", PUBLIC + "?b=2"),
        (URL, PUBLIC + "#rc=5&rp=all", PUBLIC),
        (URL, "https://user:pw@bot.example.com/", "https://user:pw@bot.example.com/"),
    ],
)
def test_the_url_as_configured_at_twilio_is_the_signed_one(
    called: str, configured: str, signed: str
) -> None:
    world = IntakeWorld(public_url=configured)
    assert world.status(signed_event(url=called, signed_url=signed)) == 200


def test_forwarded_headers_are_never_believed() -> None:
    forwarded = {"x-forwarded-host": "bot.example.com", "x-forwarded-proto": "https", "host": "x"}
    event = signed_event(url=URL, signed_url=PUBLIC, **forwarded)
    world = IntakeWorld()
    assert (world.status(event), world.reasons()) == (403, ["wrong_signature"])
    assert world.status(signed_event(**forwarded)) == 200


def test_a_public_url_that_is_not_the_one_signed_is_suspected() -> None:
    world = IntakeWorld(public_url=PUBLIC)
    assert (world.status(signed_event()), world.reasons()) == (403, ["wrong_url"])


# The token


def test_messages_and_forged_requests_do_not_become_calls(world: IntakeWorld) -> None:
    for number in range(50):
        world.wait(1.0)
        assert world.status(signed_event(body(MessageSid=f"SM{number}"))) == 200
        assert world.status(signed_event(token=OTHER_TOKEN)) == 403
        assert world.status(url_event(body())) == 403
    assert world.secrets.calls == 1
    world.wait(60.0)
    assert [world.status(signed_event(token=OTHER_TOKEN)) for _ in range(50)] == [403] * 50
    assert world.secrets.calls == 2


def test_a_token_is_fetched_anew_after_five_minutes(world: IntakeWorld) -> None:
    for _ in range(2):
        assert world.status(signed_event()) == 200
        world.wait(299.0)
        assert world.status(signed_event()) == 200
        world.wait(1.0)
    assert world.secrets.calls == 2


def test_each_of_several_tokens_counts(world: IntakeWorld) -> None:
    world.secrets.text = f" {TOKEN} , {OTHER_TOKEN},"
    assert [world.status(signed_event(token=each)) for each in (TOKEN, OTHER_TOKEN)] == [200, 200]
    assert world.status(signed_event(token="")) == 403


def test_a_new_token_is_found_when_none_fits(world: IntakeWorld) -> None:
    assert world.status(signed_event()) == 200
    world.secrets.text = OTHER_TOKEN
    world.wait(60.0)
    assert world.status(signed_event(token=OTHER_TOKEN)) == 200
    assert world.status(signed_event()) == 403


def test_a_forger_cannot_turn_a_rotation_into_lost_messages(world: IntakeWorld) -> None:
    """Its mismatch uses up the fetch of this minute; what fails meanwhile comes again."""
    assert world.status(signed_event()) == 200
    world.wait(100.0)
    world.secrets.is_down = True
    assert world.status(signed_event(token="forged")) == 503
    world.secrets.is_down, world.secrets.text = False, OTHER_TOKEN
    assert world.status(signed_event(token=OTHER_TOKEN)) == 503
    assert world.secrets.calls == 2
    world.wait(60.0)
    assert world.status(signed_event(token=OTHER_TOKEN)) == 200
    assert world.reasons() == ["no_token", "no_token"]


def test_a_token_added_five_minutes_before_it_is_promoted_loses_nothing(world: IntakeWorld) -> None:
    assert world.status(signed_event()) == 200
    world.secrets.text = f"{TOKEN},{OTHER_TOKEN}"
    for _ in range(300):
        world.wait(1.0)
        assert world.status(signed_event()) == 200
    assert world.status(signed_event(token=OTHER_TOKEN)) == 200


def test_without_any_token_nothing_is_taken_and_the_failure_is_counted(world: IntakeWorld) -> None:
    world.secrets.is_down = True
    assert world.status(signed_event()) == 503
    assert world.reasons() == ["no_token"]
    assert world.lines("webhook handled")[0]["TokenFailures"] == 1
    assert world.queued == []


def test_known_tokens_count_on_while_they_cannot_be_fetched_anew(world: IntakeWorld) -> None:
    assert world.status(signed_event()) == 200
    world.secrets.is_down = True
    for _ in range(10):
        world.wait(100.0)
        assert [world.status(signed_event()) for _ in range(5)] == [200] * 5
    assert world.secrets.calls == 1 + 8  # a try for each time that they were too old


def test_an_intake_that_verifies_nothing_is_one_that_was_told_so(world: IntakeWorld) -> None:
    world.dependencies = world.new_container(verifies=False)
    assert world.status(url_event(body())) == 200
    assert world.secrets.calls == 0


# Faults

HANGS = [Fault.LOST, Fault.SILENT, Fault.LATE]


@pytest.mark.parametrize("fault", [Fault.THROTTLED, *HANGS])
def test_what_the_queue_has_not_accepted_is_never_answered_with_200(
    world: IntakeWorld, fault: Fault
) -> None:
    world.fail(fault=fault)
    assert world.status(signed_event()) == 503
    assert world.reasons() == ["not_queued"]


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.LATE, Fault.BROKEN])
def test_what_was_accepted_unseen_comes_again_and_is_queued_once(
    world: IntakeWorld, fault: Fault
) -> None:
    world.fail(fault=fault)
    assert world.status(signed_event()) == 503
    world.wait(10.0)
    assert len(world.queued) == 1
    world.recover()
    assert world.status(signed_event()) == 200
    assert len(world.queued) == 1


@pytest.mark.parametrize("fault", [Fault.DIES_BEFORE, Fault.DIES_AFTER])
def test_a_death_before_the_answer_makes_one_chat_by_twilio_s_second_try(
    world: IntakeWorld, fault: Fault
) -> None:
    world.fail(fault=fault)
    with pytest.raises(Died):
        world.take(signed_event())
    world.recover()
    world.dependencies = world.new_container()
    assert world.status(signed_event()) == 200
    assert len(world.queued) == 1
    assert len(stored(world)) == 1


def test_a_second_try_after_six_minutes_is_queued_again_and_stored_once(world: IntakeWorld) -> None:
    """SQS has forgotten the message; the chat's key is its Sid."""
    assert world.status(signed_event()) == 200
    world.wait(360.0)
    assert world.status(signed_event()) == 200
    assert len(world.queued) == 2
    assert len(stored(world)) == 1


def test_a_throttle_that_ends_in_time_costs_nothing_but_time(world: IntakeWorld) -> None:
    world.fail()
    world.services.scheduler.after(1.0, world.recover)
    assert world.status(signed_event()) == 200
    assert len(world.queued) == 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, *HANGS])
@pytest.mark.parametrize("secret_hangs", [True, False])
def test_everything_is_over_within_ten_seconds_whatever_hangs(
    world: IntakeWorld, fault: Fault, secret_hangs: bool
) -> None:
    assert world.status(signed_event()) == 200
    world.wait(400.0)
    world.secrets.is_down, world.secrets.seconds_to_fail = secret_hangs, 5.0
    world.fail(fault=fault)
    started = world.services.now()
    assert world.status(signed_event()) == 503
    assert world.services.now() - started <= 10.0


@pytest.mark.parametrize("seconds", [0.0, 0.3, 5.0])
def test_a_secret_that_is_away_takes_no_longer_either(world: IntakeWorld, seconds: float) -> None:
    world.secrets.is_down, world.secrets.seconds_to_fail = True, seconds
    started = world.services.now()
    assert world.status(signed_event()) == 503
    assert world.services.now() - started <= 10.0
    assert world.secrets.calls < 20


def test_an_invocation_with_little_time_ends_in_it(world: IntakeWorld) -> None:
    world.fail()
    started = world.services.now()
    assert world.take(signed_event(), Context(3.0))["statusCode"] == 503
    assert world.services.now() - started <= 3.0


def stored(world: IntakeWorld) -> list[Any]:
    """The chats that the queue function makes of what is queued."""
    consumer = QueueWorld()
    records = [
        raw_record(each.body, messageId=each.id, SequenceNumber=str(each.sequence))
        for each in world.queued
    ]
    assert handle_batch(map(read_record, records), Context(), consumer.dependencies) == []
    return list(consumer.tables.chats)
