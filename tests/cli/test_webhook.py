"""What the tool sends to the intake, and what it says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from consumer.webhook.signature import SignedBody, has_valid_signature
from tests.support.http_server import Stub, error, nobody, reply, serving
from tests.template.stack import template
from unc.aws.resources import Resources
from unc.deploy.concurrency import check_concurrency, require_room, room_for_intake
from unc.deploy.plan_view import render_webhook
from unc.errors import DeployFailed, NotReachable, UncError
from unc.local.samples import load_samples
from unc.messages.message import Message, read_message, write_message
from unc.messages.webhook import RETRIES, Intake, find_intake, post_messages, submit_messages

URL = "https://abc.lambda-url.us-east-1.on.aws/"
NAMES = dict.fromkeys(
    [name for name in Resources.__dataclass_fields__ if name not in ("intake_function",)], "x"
)
WITH_INTAKE = Resources(**NAMES | {"webhook_url": URL, "intake_function": "intake"})
DEFAULTS = {
    name: str(spec.get("Default", "")) for name, spec in template()["Parameters"].items()
} | {"WebhookIntake": "true"}


class Account:
    """As much of an account as the tool asks about an intake."""

    def __init__(
        self,
        secret: str | None = "token",
        endpoint: str | None = None,
        unreserved: int = 1000,
        **env: str,
    ) -> None:
        self.endpoint = endpoint
        self._secret, self._env, self._unreserved = secret, env, unreserved
        self.functions = self.secrets = self.cloudformation = self.sqs = self
        self.asked: list[str] = []
        self.queued: list[str] = []
        self.stack: dict[str, Any] | None = None

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return {"Environment": {"Variables": self._env}}

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(SecretId)
        if self._secret is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self._secret}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.queued += [each["MessageBody"] for each in Entries]
        return {
            "Successful": [{"Id": each["Id"], "MessageId": f"sqs-{each['Id']}"} for each in Entries]
        }

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._unreserved}}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self.stack is None:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "does not exist"}},
                "DescribeStacks",
            )
        return {"Stacks": [self.stack]}

    def get_template_summary(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Parameters": []}


def found(account: Account, resources: Resources = WITH_INTAKE) -> Intake:
    return find_intake(account, resources)  # type: ignore[arg-type]


def was_signed(stub: Stub, token: str, url: str) -> bool:
    [request] = stub.requests
    signature = request.headers["x-twilio-signature"]
    return has_valid_signature(SignedBody(request.body, True, signature), [url], [token])


def test_a_message_is_signed_for_the_url_as_twilio_has_it() -> None:
    with serving(reply(200, b"<Response/>")) as stub:
        intake = Intake(URL, f"{stub.url}/", "token")
        post_messages(intake, [write_message("whatsapp:+4915555550199", "hi & bye ü")])
        assert was_signed(stub, "token", URL)
        assert stub.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_messages_of_a_sender_are_sent_one_after_the_other() -> None:
    with serving(reply(200)) as stub:
        messages = [write_message("whatsapp:+4915555550199", str(n)) for n in range(20)]
        post_messages(Intake(URL, stub.url, "token"), messages)
        assert [each.body.decode() for each in stub.requests] == [each.body for each in messages]


def test_what_is_refused_is_said_and_ends_it() -> None:
    with serving(error(403, "The signature is not valid.")) as stub:
        messages = [write_message("whatsapp:+4915555550199", str(n)) for n in range(3)]
        with pytest.raises(UncError, match=r"the intake answered 403: .*not valid"):
            post_messages(Intake(URL, stub.url, "token"), messages)
        assert len(stub.requests) == 1


def test_what_fails_is_sent_again_before_what_comes_after_it() -> None:
    messages = [write_message("whatsapp:+4915555550199", str(n)) for n in range(2)]
    with serving(reply(200)) as stub:
        stub.script[:] = [error(503, "not now"), error(502, "nor now"), reply(200), reply(200)]
        post_messages(Intake(URL, stub.url, "token"), messages)
        bodies = [each.body.decode() for each in stub.requests]
    assert bodies == [messages[0].body] * 3 + [messages[1].body]


def test_what_fails_again_and_again_is_said() -> None:
    message = write_message("whatsapp:+4915555550199", "hi")
    with serving(error(503, "The queue has not taken it.")) as stub:
        with pytest.raises(UncError, match=r"the intake answered 503: .*not taken"):
            post_messages(Intake(URL, stub.url, "token"), [message])
        assert len(stub.requests) == 1 + RETRIES
    with nobody() as address, pytest.raises(NotReachable, match="does not answer"):
        post_messages(Intake(URL, address, "token"), [message])


def submit(
    account: Account, *messages: Message, intake: str = ""
) -> tuple[list[Message], list[str]]:
    """What comes back, and what was said meanwhile."""
    said: list[str] = []
    resources = replace(WITH_INTAKE, webhook_url=intake)
    return submit_messages(account, resources, messages, said.append), said  # type: ignore[arg-type]


def test_messages_go_through_the_intake_and_those_without_an_id_to_the_queue() -> None:
    """Those get the queue's id, which the intake does not say; the order stays."""
    first, last = (write_message("whatsapp:+4915555550199", text) for text in ("a", "b"))
    without_id = read_message("WaId=49&Body=no+id")
    with serving(reply(200)) as stub:
        account = Account(PUBLIC_URL=stub.url)
        sent, said = submit(account, first, without_id, last, intake=URL)
        assert [each.body.decode() for each in stub.requests] == [first.body, last.body]
    assert account.queued == [without_id.body]
    assert sent == [first, replace(without_id, message_id="sqs-0"), last]
    assert said == ["no message id, so straight to the queue, past the intake: no id"]


def test_where_there_is_no_intake_all_go_to_the_queue_without_a_word() -> None:
    account, message = Account(), write_message("whatsapp:+4915555550199", "a")
    assert submit(account, message) == ([message], [])
    assert account.queued == [message.body]


def test_every_sample_can_go_through_the_intake() -> None:
    """`unc up` plays them that way."""
    samples = load_samples()
    with serving(reply(200)) as stub:
        account = Account(PUBLIC_URL=stub.url)
        assert submit(account, *samples, intake=URL) == (samples, [])
        assert {each.body.decode() for each in stub.requests} == {each.body for each in samples}
    assert account.queued == []


def test_an_address_that_does_not_answer_is_said() -> None:
    with nobody() as address, pytest.raises(NotReachable, match="does not answer"):
        Intake(URL, address, "token").post("Body=hi")


def test_on_aws_the_url_is_the_address() -> None:
    assert found(Account()) == Intake(URL, URL, "token")


def test_an_emulator_serves_the_url_under_a_path() -> None:
    intake = found(Account(endpoint="http://127.0.0.1:4566"))
    assert intake == Intake(URL, "http://127.0.0.1:4566/_aws/lambda-url/abc/", "token")


def test_a_public_url_is_the_real_address_and_the_signed_one() -> None:
    public = "https://bot.example.com/webhook"
    assert found(Account(PUBLIC_URL=f"{public}#rc=5&rp=all")) == Intake(public, public, "token")


@pytest.mark.parametrize("secret", ["token,old", " token ", '{"TWILIO_AUTH_TOKEN": "token"}'])
def test_the_first_token_of_the_secret_signs(secret: str) -> None:
    account = Account(secret, TWILIO_AUTH_TOKEN_ID="team/token")
    assert found(account).token == "token"
    assert account.asked == ["team/token"]


@pytest.mark.parametrize("secret", [None, ",", "{}", " "])
def test_a_missing_token_is_said(secret: str | None) -> None:
    with pytest.raises(NotReachable, match="secret TWILIO_AUTH_TOKEN"):
        found(Account(secret))


def test_a_stack_without_an_intake_says_how_to_get_one() -> None:
    without = Resources(**NAMES | {"webhook_url": ""})
    with pytest.raises(NotReachable) as raised:
        found(Account(), without)
    assert raised.value.hint == "unc deploy --set WebhookIntake=true"


def test_a_deployment_says_what_to_paste_where() -> None:
    said = "\n".join(render_webhook({"WebhookUrl": URL}, lambda: 1860))
    assert f"  {URL}#rc=5&rp=all" in said and "fallback" in said and "docs/howto/twilio.md" in said
    assert "room for 1,860 webhooks at once" in said
    assert list(render_webhook({"QueueUrl": "x"}, lambda: 1860)) == []


SMALL = {
    "QueueMaximumConcurrency": "2",
    "RetryMaximumConcurrency": "2",
    "StreamParallelizationFactor": "1",
}
SHARE = {"IntakeReservedConcurrency": "100"}


@pytest.mark.parametrize(
    ("free", "changes"),
    [
        (150, {}),
        (18, SMALL),
        (110, {"RetryMaximumConcurrency": "10"}),
        (200, SHARE),
        (200, SHARE | {"QueueMaximumConcurrency": "0"}),
        (110, {"DynamoFunctionReservedConcurrency": "10", "RetryMaximumConcurrency": "2"}),
        (150, {"QueueFunctionReservedConcurrency": "50"}),
    ],
)
def test_an_account_that_can_hold_the_intake_is_taken(free: int, changes: dict[str, str]) -> None:
    require_room(free, DEFAULTS | changes)


@pytest.mark.parametrize(
    ("free", "changes", "reason"),
    [
        (149, {}, "may take 140: the intake would answer 429"),
        (17, SMALL, "has 17 concurrent invocations, and the other functions may take 8"),
        (1000, {"QueueMaximumConcurrency": "0"}, "any number"),
        (199, SHARE, "100 reserved ones would leave fewer than 100"),
        (209, SHARE | {"DynamoFunctionReservedConcurrency": "10"}, "110 reserved ones would leave"),
        (169, {"DynamoFunctionReservedConcurrency": "70"}, "70 reserved ones would leave fewer"),
        (
            110,
            {"DynamoFunctionReservedConcurrency": "10", "QueueMaximumConcurrency": "91"},
            "has 100 concurrent invocations, and the other functions may take 91",
        ),
    ],
)
def test_an_account_that_cannot_is_refused(free: int, changes: dict[str, str], reason: str) -> None:
    with pytest.raises(DeployFailed, match=reason):
        require_room(free, DEFAULTS | changes)


def test_only_a_deployment_with_an_intake_asks_for_the_limit() -> None:
    small = Account(unreserved=10)
    check_concurrency(small, "stack", DEFAULTS | {"WebhookIntake": "false"})  # type: ignore[arg-type]
    with pytest.raises(DeployFailed, match="10 concurrent invocations"):
        check_concurrency(small, "stack", DEFAULTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "free"),
    [
        ({"WebhookIntake": "true", "IntakeReservedConcurrency": "100"}, 50),
        ({"DynamoFunctionReservedConcurrency": "60", "QueueFunctionReservedConcurrency": "50"}, 40),
    ],
)
def test_what_the_stack_reserves_today_counts_as_free(held: dict[str, str], free: int) -> None:
    account = Account(unreserved=free)
    account.stack = {
        "StackStatus": "UPDATE_COMPLETE",
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in held.items()
        ],
    }
    check_concurrency(account, "stack", DEFAULTS)  # type: ignore[arg-type]
    account.stack["Parameters"] = []
    with pytest.raises(DeployFailed, match=f"the account has {free} concurrent invocations"):
        check_concurrency(account, "stack", DEFAULTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(("changes", "room"), [({}, 860), (SMALL, 992), (SHARE, 100)])
def test_a_deployment_says_how_many_webhooks_find_room(changes: dict[str, str], room: int) -> None:
    account = Account(unreserved=1000)
    account.stack = {
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in (DEFAULTS | changes).items()
        ]
    }
    assert room_for_intake(account, "stack") == room  # type: ignore[arg-type]
