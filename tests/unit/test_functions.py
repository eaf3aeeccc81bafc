"""The two functions: what they answer, with AWS and the reply service played by one server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import container
from consumer.aws.connection import tls_context
from consumer.errors import NotHandled, SettingMissing
from dynamo_function import dynamo_handler
from handlers.queue_message_handler import (
    get_or_create_session,
    process_message,
    store_chat_messages,
)
from queue_function import parse_message_body, queue_handler
from tests.support.builders import SENDER, SID, body, numbered, sample, stream_record
from tests.support.doubles import Context
from tests.support.http_server import Handler, Stub, reply, serving

SOURCE = Path(container.__file__).parent
WARM_UP = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def cold_container() -> Iterator[None]:
    """No parts are left over from another test, nor left behind for one."""
    sides = (
        container.queue_dependencies,
        container.conversation_dependencies,
        container.notifier_dependencies,
    )
    for dependencies in sides:
        dependencies.cache_clear()
    yield
    for dependencies in sides:
        dependencies.cache_clear()


def play_everybody(handler: Handler) -> None:
    """An account without a row, whose queues take everything; other posts are replies."""
    asked = handler.stub.requests[-1]
    target = asked.headers.get("x-amz-target", "reply").rpartition(".")[2]
    answers: dict[str, Any] = {"BatchGetItem": {"Responses": {}}, "Query": {"Items": []}}
    if target == "SendMessageBatch":
        answers[target] = {"Successful": [{"Id": entry["Id"]} for entry in asked.json["Entries"]]}
    reply(200, answers.get(target, {}))(handler)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with serving(play_everybody) as stub:
        settings = {
            "AWS_ENDPOINT_URL": stub.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "DYNAMODB_CHAT_TABLE": "chats",
            "DYNAMODB_SESSION_TABLE": "sessions",
            "SQS_DLQ_URL": "https://sqs/dlq",
            "REPLY_RETRY_QUEUE_URL": "https://sqs/retry",
            "REPLY_DLQ_URL": "https://sqs/reply-dlq",
            "REPLY_SERVICE_URL": f"{stub.url}/reply/",
            "INTELLIGENCE_API_SECRET": "given",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield stub


def targets_of(stub: Stub) -> list[str]:
    asked = [each.headers.get("x-amz-target", each.path) for each in stub.requests]
    return [each.rpartition(".")[2] for each in asked]


@pytest.mark.parametrize("handler", [queue_handler, dynamo_handler])
def test_a_warm_up_is_answered_without_settings_and_without_a_line(
    handler: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handler(WARM_UP, None) == NOTHING_FAILED
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("handler", [queue_handler, dynamo_handler])
def test_a_warm_up_touches_nothing(handler: Any, account: Stub) -> None:
    assert handler(WARM_UP, Context()) == NOTHING_FAILED
    assert account.requests == []


@pytest.mark.parametrize(
    ("handler", "dependencies"),
    [
        (queue_handler, container.queue_dependencies),
        (dynamo_handler, container.notifier_dependencies),
    ],
)
def test_a_warm_up_loads_the_certificates_and_builds_the_clients(
    handler: Any, dependencies: Any, account: Stub
) -> None:
    tls_context.cache_clear()
    handler(WARM_UP, Context())
    built = [each.cache_info().currsize for each in (tls_context, dependencies)]
    assert built == [1, 1]


@pytest.mark.parametrize(
    ("module", "dependencies"),
    [
        ("queue_function", "queue_dependencies"),
        ("dynamo_function", "notifier_dependencies"),
        ("intake_function", "intake_dependencies"),
    ],
)
@pytest.mark.parametrize(("function_name", "built"), [("unc-lambda", "1 1"), ("", "0 0")])
def test_on_lambda_importing_a_function_does_the_same(
    module: str, dependencies: str, function_name: str, built: str
) -> None:
    """The INIT phase has a whole core, and it imports the module."""
    code = (
        f"import {module}, container; from consumer.aws.connection import tls_context as tls;"
        f"print(tls.cache_info().currsize, container.{dependencies}.cache_info().currsize)"
    )
    tables = ("DYNAMODB_CHAT_TABLE", "DYNAMODB_SESSION_TABLE", "DYNAMODB_NOTIFICATION_TABLE")
    urls = ("SQS_QUEUE_URL", "SQS_DLQ_URL", "REPLY_RETRY_QUEUE_URL")
    env = dict.fromkeys([*tables, *urls], "https://a.name") | {"PYTHONPATH": str(SOURCE)}
    env |= {"AWS_LAMBDA_FUNCTION_NAME": function_name}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (built, "")


@pytest.mark.parametrize(
    ("handler", "records"), [(queue_handler, [numbered(1)]), (dynamo_handler, [stream_record()])]
)
def test_without_settings_an_event_fails_and_names_one_that_is_missing(
    handler: Any, records: list[Any]
) -> None:
    with pytest.raises(SettingMissing, match="is missing: set the environment variable"):
        handler({"Records": records}, Context())


def test_a_batch_is_stored_in_three_calls_and_answered(account: Stub) -> None:
    answer = queue_handler({"Records": [numbered(1), numbered(2)]}, Context())
    assert answer == NOTHING_FAILED
    assert sorted(targets_of(account)[:2]) == ["BatchGetItem", "Query"]
    assert targets_of(account)[2:] == ["TransactWriteItems"]


def test_a_script_needs_the_names_of_two_tables_only(
    account: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SQS_DLQ_URL", "REPLY_RETRY_QUEUE_URL", "REPLY_DLQ_URL", "REPLY_SERVICE_URL"):
        monkeypatch.delenv(name)
    assert process_message(SENDER, [parse_message_body(body())]) == 1
    assert store_chat_messages("mine", SENDER, [parse_message_body(body())]) == 1
    assert get_or_create_session(SENDER)
    assert account.requests
    with pytest.raises(SettingMissing, match="SQS_DLQ_URL"):
        queue_handler({"Records": [numbered(1)]}, Context())


def test_a_poisoned_body_is_sent_to_the_dead_letters(account: Stub) -> None:
    assert queue_handler({"Records": [numbered(1, "no form")]}, Context()) == NOTHING_FAILED
    assert targets_of(account) == ["SendMessageBatch"]
    assert account.requests[0].json["QueueUrl"] == "https://sqs/dlq"


def test_a_status_callback_takes_no_call(account: Stub) -> None:
    records = [numbered(1, sample("status_callback"))]
    assert queue_handler({"Records": records}, Context()) == NOTHING_FAILED
    assert account.requests == []


def test_the_queue_function_never_asks_for_the_secret(
    account: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTELLIGENCE_API_SECRET")
    queue_handler({"Records": [numbered(1)]}, Context())
    assert "GetSecretValue" not in targets_of(account)


def test_what_failed_is_reported_by_its_id_and_nothing_else(account: Stub) -> None:
    account.script[:] = [reply(500)]
    answer = queue_handler({"Records": [numbered(1), numbered(2, "x")]}, Context(6.0))
    assert answer == {
        "batchItemFailures": [{"itemIdentifier": "record-2"}, {"itemIdentifier": "record-1"}]
    }


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": None}])
@pytest.mark.parametrize("handler", [queue_handler, dynamo_handler])
@pytest.mark.usefixtures("account")
def test_an_event_without_records_is_answered(handler: Any, event: dict[str, Any]) -> None:
    assert handler(event, Context()) == NOTHING_FAILED


def test_a_fresh_message_is_notified_in_three_calls(account: Stub) -> None:
    """Its moment lies ahead, so that it is fresh however long the container takes to start."""
    fresh = stream_record(stored_at={"N": f"{time.time() + 60:.3f}"})
    assert dynamo_handler({"Records": [fresh]}, Context(90.0)) == NOTHING_FAILED
    [notified] = [each for each in account.requests if each.path == "/reply/"]
    assert notified.json == {"sender_id": SENDER, "message": "hi"}
    assert notified.headers["idempotency-key"] == SID
    assert targets_of(account) == [
        "BatchGetItem",
        "PutItem",
        "/reply/",
        "PutItem",
    ]


def test_an_old_message_is_notified_after_a_look_at_the_newest(account: Stub) -> None:
    assert dynamo_handler({"Records": [stream_record()]}, Context(90.0)) == NOTHING_FAILED
    assert sorted(targets_of(account)) == [
        "/reply/",
        "BatchGetItem",
        "PutItem",
        "PutItem",
        "Query",
        "Query",
    ]


def test_a_record_of_the_retry_queue_fails_by_its_own_id(account: Stub) -> None:
    account.script[:] = [reply(500)]
    scheduled = {"messageId": "record-1", "body": "{", "eventSource": "aws:sqs"}
    answer = dynamo_handler({"Records": [scheduled]}, Context(6.0))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "record-1"}]}


def test_a_stream_batch_that_has_to_come_again_is_an_error(account: Stub) -> None:
    account.script[:] = [reply(500)]
    with pytest.raises(NotHandled):
        dynamo_handler({"Records": [stream_record()]}, Context(6.0))


def test_every_line_of_an_invocation_carries_its_id_and_no_word_of_anybody(
    account: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    queue_handler({"Records": [numbered(1, body(Body="my words", ProfileName="Ada"))]}, Context())
    dynamo_handler({"Records": [stream_record()]}, Context(90.0))
    lines = capsys.readouterr().out.splitlines()
    assert {json.loads(line)["request_id"] for line in lines} == {"request-1"}
    assert len(lines) >= 3
    for secret in ("words", "Ada", "given", SENDER):
        assert secret not in "".join(lines)
    assert account.requests


@pytest.mark.parametrize(
    ("secret", "warned"), [("xyzzy", ["WARNING"]), ("x" * 15, ["WARNING"]), ("x" * 16, [])]
)
def test_a_short_secret_is_used_and_warned_about_once_without_showing_it(
    account: Stub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    secret: str,
    warned: list[str],
) -> None:
    monkeypatch.setenv("INTELLIGENCE_API_SECRET", secret)
    for _ in range(2):
        dynamo_handler({"Records": [stream_record()]}, Context(90.0))
    sent = [each.headers for each in account.requests if each.path == "/reply/"]
    assert [each["x-intelligence-api-secret"] for each in sent] == [secret, secret]
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    warnings = [line for line in lines if line["message"] == "reply secret is short"]
    assert [line["level"] for line in warnings] == warned
    assert secret not in out
    assert all(line["shortest_hidden"] == 16 for line in warnings)
