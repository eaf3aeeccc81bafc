"""Calls to AWS over real sockets: what is worth another try, and what is not."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import create_loader
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from consumer.aws.client import AwsClient, AwsRefused, endpoint
from consumer.aws.credentials import Credentials, CredentialSource
from consumer.aws.http import HttpPool
from consumer.errors import Refused, SettingInvalid, Unavailable
from tests.support.http_server import (
    Act,
    Handler,
    Request,
    Stub,
    error,
    hang_up,
    nobody,
    reply,
    serving,
)

QUERY = ("dynamodb", "DynamoDB_20120810.Query", {"TableName": "chats"})


def client(credentials: Callable[[], Credentials] | None = None) -> AwsClient:
    return AwsClient(
        "us-east-1", credentials or (lambda: Credentials("key", "secret")), HttpPool(2)
    )


@pytest.fixture(autouse=True)
def endpoints(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stub], None]:
    return lambda stub: monkeypatch.setenv("AWS_ENDPOINT_URL", stub.url)


Endpoints = Callable[[Stub], None]


def test_an_answer_is_its_json(endpoints: Endpoints) -> None:
    with serving(reply(200, {"Items": []}), reply(200, {})) as stub:
        endpoints(stub)
        assert client().call(*QUERY) == {"Items": []}
        assert client().call(*QUERY) == {}
    request = stub.requests[0]
    assert (request.path, request.json) == ("/", {"TableName": "chats"})
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.Query"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"


def test_what_arrives_is_signed_for_what_was_sent(endpoints: Endpoints) -> None:
    with serving(reply()) as stub:
        endpoints(stub)
        client().call(*QUERY)
    [request] = stub.requests
    scope = request.headers["authorization"].split("SignedHeaders=")[0]
    assert f"/{request.headers['x-amz-date'][:8]}/us-east-1/dynamodb/aws4_request" in scope


PASSING: list[tuple[Act, str]] = [
    (error(400, "ThrottlingException"), "ThrottlingException"),
    (
        error(400, "ProvisionedThroughputExceededException"),
        "ProvisionedThroughputExceededException",
    ),
    (error(400, "RequestLimitExceeded"), "RequestLimitExceeded"),
    (error(400, "TransactionConflictException"), "TransactionConflictException"),
    (error(400, "TransactionInProgressException"), "TransactionInProgressException"),
    (reply(400, {"__type": "com.amazonaws.sqs#RequestThrottled"}), "RequestThrottled"),
    (reply(400, {"__type": "ThrottlingException"}), "ThrottlingException"),
    (reply(400, {"__type": "ThrottlingException:http://internal/"}), "ThrottlingException"),
    (error(500, "InternalServerError"), "InternalServerError"),
    (reply(500), "Http500"),
    (reply(503, b"<html>Service Unavailable</html>"), "Http503"),
    (reply(504, b""), "Http504"),
    (reply(429), "Http429"),
    (reply(408), "Http408"),
    (reply(200, b'{"Items": ['), "Http200"),
    (reply(200, b"[]"), "Http200"),
    (reply(200, b""), "Http200"),
    (reply(200, b"\xff\xfe\xfd"), "Http200"),
    (hang_up(), "NoAnswer"),
    (hang_up(b"HTTP/1.1 200 OK\r\nContent-Le"), "NoAnswer"),
    (hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), "NoAnswer"),
    (hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"), "NoAnswer"),
    (hang_up(b"SSH-2.0-OpenSSH\r\n"), "NoAnswer"),
]


def botocore_retries() -> list[str]:
    """The codes that botocore repeats, whatever the service, and for those that we call."""
    codes = {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
    }
    rules = create_loader().load_data("_retry")
    services = [rules["retry"][each] for each in ("dynamodb", "sqs")]
    policies = [*rules["definitions"].values()]
    policies += [p for each in services for p in each["__default__"]["policies"].values()]
    stated = [each.get("applies_when", {}).get("response", {}) for each in policies]
    return sorted(
        codes | {each["service_error_code"] for each in stated if "service_error_code" in each}
    )


@pytest.mark.parametrize("code", botocore_retries())
def test_what_botocore_repeats_is_unavailable(endpoints: Endpoints, code: str) -> None:
    with serving(error(400, code)) as stub:
        endpoints(stub)
        with pytest.raises(Unavailable, match=f"^{code}$"):
            client().call(*QUERY)


@pytest.mark.parametrize(("act", "code"), PASSING, ids=[code for _, code in PASSING])
def test_what_may_pass_is_unavailable(endpoints: Endpoints, act: Act, code: str) -> None:
    with serving(act) as stub:
        endpoints(stub)
        with pytest.raises(Unavailable, match=f"^{code}(:|$)"):
            client().call(*QUERY)
    assert len(stub.requests) == 1


def test_a_refused_connection_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(Unavailable, match="NotSent"):
            client().call(*QUERY)


FINAL: list[tuple[Act, str]] = [
    (error(400, "ValidationException"), "ValidationException"),
    (error(400, "ResourceNotFoundException"), "ResourceNotFoundException"),
    (error(400, "AccessDeniedException"), "AccessDeniedException"),
    (reply(400, b"not json"), "Http400"),
    (reply(403, b"[]"), "Http403"),
    (reply(413), "Http413"),
    (reply(301, b"", Location="/elsewhere"), "Http301"),
]


@pytest.mark.parametrize(("act", "code"), FINAL, ids=[code for _, code in FINAL])
def test_what_will_never_pass_is_refused(endpoints: Endpoints, act: Act, code: str) -> None:
    with serving(act) as stub:
        endpoints(stub)
        with pytest.raises(AwsRefused, match=f"^{code}$"):
            client().call(*QUERY)
    assert len(stub.requests) == 1


def test_a_refusal_carries_what_aws_said_of_each_part(endpoints: Endpoints) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    with serving(error(400, "TransactionCanceledException", CancellationReasons=reasons)) as stub:
        endpoints(stub)
        with pytest.raises(AwsRefused) as refused:
            client().call(*QUERY)
    assert refused.value.answer["CancellationReasons"] == reasons


def clock_shows(moment: str) -> Act:
    """Reject the request for its clock, with this moment in the answer's Date."""

    def act(handler: Handler) -> None:
        handler.date_time_string = lambda timestamp=None: moment  # type: ignore[method-assign]
        error(400, "RequestTimeTooSkewed")(handler)

    return act


def signed_at(request: Request) -> datetime:
    return datetime.strptime(f"{request.headers['x-amz-date']}+0000", "%Y%m%dT%H%M%SZ%z")


@pytest.mark.parametrize("hours", [-6, 6])
def test_a_clock_that_is_off_is_set_by_the_answer(endpoints: Endpoints, hours: int) -> None:
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    with serving(clock_shows(format_datetime(theirs, usegmt=True)), reply()) as stub:
        endpoints(stub)
        aws = client()
        with pytest.raises(Unavailable, match="RequestTimeTooSkewed"):
            aws.call(*QUERY)
        aws.call(*QUERY)
    assert abs(signed_at(stub.requests[1]) - theirs) < timedelta(minutes=5)


@pytest.mark.parametrize("moment", ["soon", "", "Sun, 22 Nov 2026 13:59:58 -0000"])
def test_a_clock_that_cannot_be_read_changes_nothing(endpoints: Endpoints, moment: str) -> None:
    with serving(clock_shows(moment)) as stub:
        endpoints(stub)
        aws = client()
        for _ in range(2):
            with pytest.raises(Unavailable, match="RequestTimeTooSkewed"):
                aws.call(*QUERY)
    apart = signed_at(stub.requests[1]) - signed_at(stub.requests[0])
    assert abs(apart) < timedelta(minutes=5)


def test_expired_credentials_are_fetched_again(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "old")
    with serving(error(400, "ExpiredTokenException"), reply()) as stub:
        endpoints(stub)
        aws = client(CredentialSource())
        with pytest.raises(Unavailable, match="ExpiredTokenException"):
            aws.call(*QUERY)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "new")
        aws.call(*QUERY)
    tokens = [request.headers["x-amz-security-token"] for request in stub.requests]
    assert tokens == ["old", "new"]


@pytest.mark.parametrize("error", [Unavailable("Expired"), Refused("NoCredentials", "set them")])
def test_without_credentials_a_call_fails_for_their_reason(
    endpoints: Endpoints, error: Exception
) -> None:
    def none() -> Credentials:
        raise error

    with serving(reply()) as stub:
        endpoints(stub)
        finish = client(none).start(*QUERY)
        with pytest.raises(type(error), match=str(error)):
            finish()
    assert stub.requests == []


OWN = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("service", "region", "settings", "address"),
    [
        ("sqs", "us-east-1", {}, "https://sqs.us-east-1.amazonaws.com"),
        ("dynamodb", "cn-north-1", {}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ("sqs", "eusc-de-east-1", {}, "https://sqs.eusc-de-east-1.amazonaws.eu"),
        ("sqs", "us-east-1", {"AWS_ENDPOINT_URL": f"{OWN}/"}, OWN),
        ("sqs", "us-east-1", {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SQS": OWN}, OWN),
        ("dynamodb", "x", {"AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_DYNAMODB": OWN}, OWN),
        ("secretsmanager", "x", {"AWS_ENDPOINT_URL_SECRETS_MANAGER": OWN}, OWN),
    ],
)
def test_the_endpoint_is_the_variables_or_the_regions(
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    region: str,
    settings: dict[str, str],
    address: str,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert endpoint(service, region) == address


# China has no FIPS endpoints.
@pytest.mark.parametrize(
    ("region", "fips", "dual"),
    [
        *itertools.product(
            ["us-east-1", "eu-central-1", "us-gov-west-1", "eusc-de-east-1"],
            ["true", "false"],
            ["true", "false"],
        ),
        ("cn-north-1", "false", "true"),
    ],
)
@pytest.mark.parametrize("service", ["dynamodb", "sqs", "secretsmanager"])
def test_fips_and_dual_stack_endpoints_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, service: str, region: str, fips: str, dual: str
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", fips)
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", dual)
    loader = create_loader()
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    wanted = provider.resolve_endpoint(
        Region=region, UseFIPS=fips == "true", UseDualStack=dual == "true"
    )
    assert endpoint(service, region) == wanted.url


def test_an_endpoint_of_one_s_own_is_taken_whatever_the_flags_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", OWN)
    assert endpoint("sqs", "us-east-1") == OWN


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_a_flag_that_is_neither_true_nor_false_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "maybe")
    with pytest.raises(SettingInvalid, match=name):
        client()


@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"]
)
@pytest.mark.parametrize("address", ["127.0.0.1:4566", "http://", "http://a b/", "ftp://a"])
def test_an_endpoint_that_nobody_could_call_is_named_before_any_call(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingInvalid, match=f"setting {name} is not usable: expected an address"):
        client()
