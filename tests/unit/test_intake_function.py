"""The intake's entry, with AWS played by one server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import config
import container
from consumer.errors import SettingInvalid, SettingMissing
from intake_function import intake_handler
from tests.support.builders import SENDER, SID, body
from tests.support.doubles import Context
from tests.support.http_server import Handler, Stub, error, reply, serving
from tests.support.intake import TOKEN, URL, signed_event, url_event

PUBLIC = "https://bot.example.com/webhook"
SECRETS = [TOKEN, f" old-token,{TOKEN} ", json.dumps({"TWILIO_AUTH_TOKEN": TOKEN})]


@pytest.fixture(autouse=True)
def cold_container() -> Iterator[None]:
    """No parts are left over from another test, nor left behind for one."""
    container.intake_dependencies.cache_clear()
    yield
    container.intake_dependencies.cache_clear()


def play_account(handler: Handler) -> None:
    """Secrets Manager has the token, SQS takes everything."""
    target = handler.stub.requests[-1].headers["x-amz-target"]
    answer = {"SecretString": TOKEN} if "Secret" in target else {"MessageId": "m"}
    reply(200, answer)(handler)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with serving(play_account) as stub:
        settings = {
            "AWS_ENDPOINT_URL": stub.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "SQS_QUEUE_URL": "https://sqs/queue.fifo",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield stub


def targets_of(stub: Stub) -> list[str]:
    return [each.headers["x-amz-target"].rpartition(".")[2] for each in stub.requests]


def status_of(event: dict[str, Any]) -> int:
    status: int = intake_handler(event, Context(12.0))["statusCode"]
    return status


def test_a_webhook_is_sent_to_the_queue_in_one_call(account: Stub) -> None:
    assert [status_of(signed_event()) for _ in range(2)] == [200, 200]
    assert targets_of(account) == ["GetSecretValue", "SendMessage", "SendMessage"]
    assert account.requests[0].json == {"SecretId": "TWILIO_AUTH_TOKEN"}
    assert account.requests[1].json == {
        "QueueUrl": "https://sqs/queue.fifo",
        "MessageBody": body(),
        "MessageGroupId": SENDER,
        "MessageDeduplicationId": SID,
    }


@pytest.mark.parametrize("secret", SECRETS)
def test_the_secret_may_be_one_token_several_or_a_json_object(account: Stub, secret: str) -> None:
    account.script[:] = [reply(200, {"SecretString": secret}), play_account]
    assert status_of(signed_event()) == 200


def test_the_secret_has_the_name_that_is_set(
    account: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_ID", "mine")
    assert status_of(signed_event()) == 200
    assert account.requests[0].json == {"SecretId": "mine"}


def test_a_token_in_the_environment_wins(account: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", f"old-token, {TOKEN}")
    assert status_of(signed_event()) == 200
    assert status_of(signed_event(token="old-token")) == 200
    assert status_of(signed_event(token="forged")) == 403
    assert targets_of(account) == ["SendMessage", "SendMessage"]


@pytest.mark.parametrize("stored", [{}, {"SecretString": " , "}, {"SecretString": "{}"}])
def test_a_secret_without_a_token_is_no_token(account: Stub, stored: dict[str, str]) -> None:
    account.script[:] = [reply(200, stored)]
    assert intake_handler(signed_event(), Context(2.0))["statusCode"] == 503
    assert set(targets_of(account)) == {"GetSecretValue"}


def test_the_log_says_which_secret_is_missing_and_what_to_do(
    account: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    account.script[:] = [error(400, "ResourceNotFoundException")]
    assert intake_handler(signed_event(), Context(2.0))["statusCode"] == 503
    out = capsys.readouterr().out
    assert "secret TWILIO_AUTH_TOKEN could not be read (ResourceNotFoundException)" in out
    assert "or set TWILIO_AUTH_TOKEN" in out and "INTELLIGENCE" not in out


@pytest.mark.parametrize("answer", [error(400, "InvalidMessageContents"), reply(200, {})])
def test_what_the_queue_does_not_say_it_has_is_503(
    account: Stub, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    account.script[:] = [answer]
    assert intake_handler(signed_event(), Context(2.0))["statusCode"] == 503


def test_the_public_url_is_the_one_that_is_set(
    account: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", f"{PUBLIC}#rc=5&rp=all")
    assert status_of(signed_event(signed_url=PUBLIC)) == 200
    assert status_of(signed_event(signed_url=URL)) == 403
    assert account.requests


def test_a_warm_up_touches_nothing(account: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    assert intake_handler({"source": "aws.events"}, Context()) == {"statusCode": 204}
    assert account.requests == [] and capsys.readouterr().out == ""
    assert container.intake_dependencies.cache_info().currsize == 1


def test_without_settings_a_request_fails_and_names_the_one_that_is_missing() -> None:
    with pytest.raises(SettingMissing, match="SQS_QUEUE_URL"):
        intake_handler(signed_event(), Context())


def test_every_line_of_a_request_carries_its_id(
    account: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    status_of(signed_event(token="forged"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["request_id"] for line in lines} == {"request-1"}
    assert len(lines) == 2 and account.requests


def test_unsigned_webhooks_are_taken_by_an_emulator_that_was_told_so(
    account: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCEPT_UNSIGNED_WEBHOOKS", "true")
    assert status_of(url_event(body())) == 200
    assert targets_of(account) == ["SendMessage"]


def test_unsigned_webhooks_are_taken_nowhere_else() -> None:
    env = {"SQS_QUEUE_URL": "https://sqs/queue.fifo", "ACCEPT_UNSIGNED_WEBHOOKS": "true"}
    with pytest.raises(SettingInvalid, match="only an emulator"):
        config.intake_settings(dict(env))
    assert config.intake_settings(env | {"AWS_ENDPOINT_URL": "http://x"}).accepts_unsigned


@pytest.mark.parametrize("url", ["bot.example.com", "ftp://bot.example.com/", "https:///webhook"])
def test_a_public_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(SettingInvalid, match="PUBLIC_URL"):
        config.intake_settings({"SQS_QUEUE_URL": "https://sqs/queue.fifo", "PUBLIC_URL": url})
